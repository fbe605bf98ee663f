// A guess at figures that nobody has computed yet, from those that are known: Gaussian processes (kriging) over the unit
// cube, with kernels of straight lines, of smooth bends (Matern 5/2) and of steps at an axis's levels, weighted and scaled
// as makes the known figures most likely. Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), chapters 2, 4 and 5.
// Private to the sweep module.
#pragma once

#include <cstddef>
#include <vector>

namespace kiln::sweep {

class Surrogate {
 public:
  /// inputs[row]: coordinates from 0 to 1; outputs[figure][row]. At least one row.
  Surrogate(std::vector<std::vector<double>> inputs, const std::vector<std::vector<double>>& outputs);

  /// A guess for each figure.
  [[nodiscard]] std::vector<double> at(const std::vector<double>& input) const;

  /// Of a figure's kernel.
  struct Shape {
    std::vector<double> scale;  ///< of each coordinate: the inverse of its length
    double steps = 0;           ///< variance of what an axis does at each of its levels
    double noise = 0;           ///< variance of what nothing explains
  };

 private:
  struct Figure {
    double mean = 0;
    Shape shape;
    std::vector<double> weights;  ///< of each row
  };
  std::vector<std::vector<double>> inputs_;
  std::vector<Figure> figures_;
};

}  // namespace kiln::sweep
