// exp and log in double from +, -, *, / alone: the same bits on every host, where libm's differ in the last digit from
// one machine to the next. For figures that reports carry. Relative error below 4e-16 (exp, |x| <= 700) and 4e-16
// (log), tests/base.
#pragma once

namespace kiln::base {

/// e^x; 0 below -708, a bug above 708.
double exact_exp(double x);

/// ln x for a finite x > 0; a bug otherwise.
double exact_log(double x);

}  // namespace kiln::base
