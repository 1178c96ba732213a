import { pageContract } from "../page.contract.ts";
import { openForTest } from "./opened.ts";

pageContract("embedded", openForTest);
