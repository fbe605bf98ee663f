#include <gtest/gtest.h>

#include "kiln/base/result.hpp"
#include "report/table.hpp"

namespace kiln::report {
namespace {

TEST(Numbers, KeepThreeSignificantDigitsOrWholeNumbers) {
  EXPECT_EQ(number(16960.4), "16,960");
  EXPECT_EQ(number(99.96), "100");
  EXPECT_EQ(number(12.345), "12.3");
  EXPECT_EQ(number(9.999), "10.0");
  EXPECT_EQ(number(1.2345), "1.23");
  EXPECT_EQ(number(0.99999), "1.00");
  EXPECT_EQ(number(0.012345), "0.0123");
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-3.14159), "-3.14");
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(percent(0.5512), "55.1 %");
  EXPECT_EQ(bytes(999), "999 B");
  EXPECT_EQ(bytes(3650000000), "3.65 GB");
}

TEST(Table, AlignsTheFirstColumnLeftAndTheOthersRight) {
  Table table({"unit", "cycles", "<note"});
  table.row({"a", "1,000", "x"});
  table.row({"longer", "1", "yy"});
  EXPECT_EQ(table.text(),
            "unit    cycles  note\n"
            "------  ------  ----\n"
            "a        1,000  x\n"
            "longer       1  yy\n");
  EXPECT_THROW(table.row({"too few"}), base::BugError);
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({"a", "b"});
  table.row({"\xC3\xA9", "1"});
  EXPECT_EQ(table.text(), "a  b\n-  -\n\xC3\xA9  1\n");
}

}  // namespace
}  // namespace kiln::report
