"use client";

import { Vault } from "keyseal";
import { useState } from "react";

const token = async () => (await fetch("/api/token", { method: "POST" })).text();

export function Settings({ companion }) {
  const [entries, setEntries] = useState([]);
  const [problem, setProblem] = useState("");

  async function add(event) {
    event.preventDefault();
    const field = event.currentTarget.elements.namedItem("key");
    try {
      const vault = await Vault.open({ companion, token });
      await vault.add(field.value, { provider: "demo" });
      setEntries(vault.entries);
    } catch (error) {
      setProblem(`${error.code}: ${error.message}`);
    } finally {
      field.value = "";
    }
  }

  return (
    <form onSubmit={add}>
      <label>
        API key <input name="key" autoComplete="off" />
      </label>
      <button type="submit">Add</button>
      <ul>
        {entries.map(({ id, keyHint }) => (
          <li key={id}>{keyHint}</li>
        ))}
      </ul>
      <p role="alert">{problem}</p>
    </form>
  );
}
