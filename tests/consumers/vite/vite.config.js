// Vite 8 needs none of this. The dev server of Vite 7 moves dependencies to another folder, but not
// the files that they fetch.
export default { optimizeDeps: { exclude: ["keyseal"] } };
