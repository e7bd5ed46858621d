/*
 * The text of one element of an XML answer, as AWS's older services give. A
 * scanner of elements, no more: attributes and comments are passed over, document
 * type declarations are refused. Pure.
 */
#ifndef REGISTRY_AWS_XML_H
#define REGISTRY_AWS_XML_H

#include <stdbool.h>

#include "base/buf.h"

enum { AWS_XML_DEPTH = 16 };

/*
 * Appends the text of the first element at this path from the root
 * ("ErrorResponse/Error/Code"; "*" stands for any name), entities decoded. False
 * when there is none, or the document is broken before it.
 */
bool aws_xml_text(struct str document, const char *path, struct buf *out);

#endif
