// Circuits of tiles of the kind product_select that depend on a codebook's width. Private to the cost module.
#pragma once

#include "kiln/config/bake_recipe.hpp"

namespace kiln::cost {

/// Selection of one of 2^bits products of 16 bits. A uniform codebook of more than 4 bits is taken in two halves, whose
/// products are added: value = 2^(b/2) * high + low.
double selector(const config::TensorFormat& format);
/// Products of an activation that a bank forms for it.
double products_of(const config::TensorFormat& format);

}  // namespace kiln::cost
