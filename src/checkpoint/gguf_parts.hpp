// A GGUF checkpoint is one file, or the parts of a split one: PREFIX-00001-of-00003.gguf and so on. The metadata are in
// the first part; any part may be named. Numbers, names and counts of the parts are checked against each other, and
// what a further part says of the model must be what the first says.
#pragma once

#include <string>

#include "checkpoint/gguf_reader.hpp"

namespace kiln::checkpoint {

/// The file, with the tensors of all parts.
base::Result<GgufFile> open_gguf_parts(const std::string& source);

}  // namespace kiln::checkpoint
