"use client";

import { useChat } from "@ai-sdk/react";
import { useState } from "react";

export function Chat() {
  const { messages, sendMessage, status, error } = useChat();
  const [text, setText] = useState("");

  function send(event) {
    event.preventDefault();
    sendMessage({ text });
    setText("");
  }

  return (
    <form onSubmit={send}>
      {messages.map(({ id, role, parts }) => (
        <article key={id} aria-label={role}>
          {parts.map((part) => (part.type === "text" ? part.text : ""))}
        </article>
      ))}
      <label>
        Message <input value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <button type="submit">Send</button>
      <p role="status">{error ? error.message : status}</p>
    </form>
  );
}
