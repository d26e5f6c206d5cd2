// Stanzas as small values: making them and reading parts of them. Used all over the twin.
import { type BinaryNode, encodeBigEndian, getBinaryNodeChild, getBinaryNodeChildren } from '@whiskeysockets/baileys';

export type Node = BinaryNode;
export type Content = Node['content'];

/** Attributes without a value are left out. */
export function node(tag: string, attrs: Readonly<Record<string, string | undefined>> = {}, content?: Content): Node {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(attrs)) if (value !== undefined) given[name] = value;
  return content === undefined ? { tag, attrs: given } : { tag, attrs: given, content };
}

export const child = (parent: Node | undefined, tag: string): Node | undefined => getBinaryNodeChild(parent, tag);

export const children = (parent: Node | undefined, tag: string): readonly Node[] => getBinaryNodeChildren(parent, tag);

/** All children, whatever they are called. */
export const inside = (parent: Node): readonly Node[] => (Array.isArray(parent.content) ? parent.content : []);

export function bytesOf(from: Node | undefined): Buffer {
  const content = from?.content;
  if (content === undefined || Array.isArray(content)) return Buffer.alloc(0);
  return Buffer.from(content);
}

/** The bytes of a child; empty when there is none. */
export const bytes = (parent: Node | undefined, tag: string): Buffer => bytesOf(child(parent, tag));

export function uint(parent: Node | undefined, tag: string): number {
  const found = bytes(parent, tag);
  return found.length === 0 ? 0 : found.readUIntBE(0, Math.min(found.length, 6));
}

export const bigEndian = (value: number, length: number): Uint8Array => encodeBigEndian(value, length);

/** Where the server itself speaks from. */
export const server = '@s.whatsapp.net';
