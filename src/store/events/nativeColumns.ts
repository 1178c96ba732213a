/** The columns of a spool file, in their order: what the encoder writes and the engine reads. */
import { type FieldForm, fieldNames, fields } from "../../model/fields.ts";

const typeOf: { readonly [F in FieldForm]: string } = {
  id: "UUID",
  time: "DateTime64(6, 'UTC')",
  symbol: "String",
  string: "String",
  integer: "Nullable(Int64)",
  number: "Nullable(Float64)",
};

export const nativeColumns: readonly { readonly name: string; readonly type: string }[] = [
  ...fieldNames.map((name) => ({ name: name as string, type: typeOf[fields[name].form] })),
  { name: "attributes", type: "Map(String, String)" },
  { name: "segment", type: "UInt64" },
  { name: "segment_index", type: "UInt32" },
];

export const nativeColumnNames = nativeColumns.map(({ name }) => name).join(", ");
export const nativeStructure = nativeColumns.map(({ name, type }) => `${name} ${type}`).join(", ");
