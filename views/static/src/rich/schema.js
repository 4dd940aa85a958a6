// What a text may hold beyond tiptap's starter kit. Pasted text is cut down to this schema.
import { Extension, Mark, Node } from "@tiptap/core";
import { Table } from "@tiptap/extension-table";

export const TONES = { red: "红", amber: "橙", green: "绿", blue: "蓝", violet: "紫", grey: "灰" };
const ALIGNS = ["center", "right", "justify"];

const classOf = (element, prefix, allowed) =>
  allowed.find((word) => element.classList?.contains(`${prefix}-${word}`)) ?? null;

/** Text colour out of the six tones, as a class: readable in both themes. */
export const Ink = Mark.create({
  name: "ink",
  addAttributes() {
    return {
      tone: {
        default: null,
        parseHTML: (element) => classOf(element, "ink", Object.keys(TONES)),
        renderHTML: ({ tone }) => (tone ? { class: `ink-${tone}` } : {}),
      },
    };
  },
  parseHTML() {
    return [{ tag: "span", getAttrs: (element) => (classOf(element, "ink", Object.keys(TONES)) ? null : false) }];
  },
  renderHTML({ HTMLAttributes }) {
    return ["span", HTMLAttributes, 0];
  },
});

/** Alignment of a paragraph or heading, as a class. */
export const Align = Extension.create({
  name: "align",
  addGlobalAttributes() {
    return [
      {
        types: ["paragraph", "heading"],
        attributes: {
          align: {
            default: null,
            parseHTML: (element) => classOf(element, "align", ALIGNS),
            renderHTML: ({ align }) => (align ? { class: `align-${align}` } : {}),
          },
        },
      },
    ];
  },
});

/** A picture stored with us; addresses elsewhere are dropped. */
export const Picture = Node.create({
  name: "picture",
  group: "block",
  draggable: true,
  addAttributes() {
    return { src: { default: null }, alt: { default: "" } };
  },
  parseHTML() {
    return [{ tag: "img[src]", getAttrs: (element) => (/^\/(?!\/)/.test(element.getAttribute("src")) ? null : false) }];
  },
  renderHTML({ HTMLAttributes }) {
    return ["img", HTMLAttributes];
  },
});

/** tiptap's table without the widths it writes into style attributes. */
export const PlainTable = Table.extend({
  renderHTML() {
    return ["table", ["tbody", 0]];
  },
});
