// Private to the reference module: products of float matrices by OpenBLAS, which is loaded when a reference model is, and
// not with the program. As a part of the program it would start threads before main, end the program where the system
// refuses them, and wait forever where there is no memory for them. Here it starts none: callers are Kiln's threads.
// A product's last bits depend on the library and the processor, not on how many threads multiply.
#pragma once

#include <cstddef>
#include <string>

#include "kiln/base/result.hpp"

namespace kiln::reference {

/// Rows of floats, each `stride` floats behind the one before it.
template <class Float>
struct Rows {
  Float* values = nullptr;
  std::size_t stride = 0;
};

class Blas {
 public:
  /// A shared library by name or path; fails where it is missing, or has no memory for one caller. `callers` is how many
  /// threads will multiply at the same time: those for which there is no memory wait for the others.
  static base::Result<Blas> load(std::size_t callers, const std::string& library = "libopenblas.so.0");

  /// out[m][n] = scale * sum over k of a[m][k] * b[n][k]; all sizes below 2^31.
  void times_transposed(std::size_t m, std::size_t n, std::size_t k, float scale, Rows<const float> a,
                        Rows<const float> b, Rows<float> out) const;
  /// out[m][n] = sum over k of a[m][k] * b[k][n]
  void times(std::size_t m, std::size_t n, std::size_t k, Rows<const float> a, Rows<const float> b,
             Rows<float> out) const;

 private:
  struct Library;
  explicit Blas(Library& library) : library_(&library) {}
  Library* library_;  // loaded for as long as the process lives
};

}  // namespace kiln::reference
