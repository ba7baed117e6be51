/** Nesting of elements: the limit of libxml2, which reads the document after us. */
export const MAX_DEPTH = 256;
/** Attributes of one element. In libvirt's schema no element has more than about twenty. */
export const MAX_ATTRIBUTES = 1000;
/** Bytes of a text, comment or value: the limit of libxml2. */
export const MAX_TEXT = 10_000_000;
/** Bytes of a name: the limit of libxml2. */
export const MAX_NAME = 50_000;
/**
 * Elements of a document. With MAX_ALL_ATTRIBUTES this limits the memory to 300 MB (measured). Thousands of devices
 * have tens of thousands of elements.
 */
export const MAX_ELEMENTS = 180_000;
/** Comments, and processing instructions, of a document: libxml2 makes a node of each (200 MB, measured). */
export const MAX_COMMENTS = 400_000;
/** Attributes of a document. */
export const MAX_ALL_ATTRIBUTES = 400_000;
