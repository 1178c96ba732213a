import { storeContract } from "../store.contract.ts";
import { openForTest } from "./opened.ts";

storeContract("embedded", openForTest);
