// One group of up to 64 elements: brought to its largest exponent, then the Walsh-Hadamard
// transform in blocks of 2^block_i, not normalised; Levels is the largest block_i. Combinational.
// largest_o: that exponent as binary32 stores it, 0 for a group of zeros. h: s(31) each.
// docs/numerics.md, "Quantise", steps 1 to 3
module kiln_hadamard_transform #(
  parameter int unsigned Elements = 64,
  parameter int unsigned Levels = 6
) (
  input  logic                   valid_i,
  input  logic [2:0]             block_i,
  input  logic [32*Elements-1:0] group_i,
  output logic [7:0]             largest_o,
  output logic [31*Elements-1:0] h_o
);

  logic [32*Elements-1:0] m;
  logic [31:0]            a, b;
  int unsigned            at, to;

  always_comb begin
    largest_o = '0;
    h_o       = '0;
    m         = '0;
    a         = '0;
    b         = '0;
    at        = '0;
    to        = '0;
    if (valid_i) begin
      for (int unsigned i = 0; i < Elements; i++) begin
        if (group_i[32*i+23 +: 8] > largest_o) largest_o = group_i[32*i+23 +: 8];
      end
      for (int unsigned i = 0; i < Elements; i++) begin
        m[32*i +: 32] = kiln_pkg::fp_aligned(group_i[32*i +: 32], largest_o);
      end
      for (int unsigned level = 0; level < Levels; level++) begin
        if (32'(block_i) > level) begin
          for (int unsigned i = 0; i < Elements / 2; i++) begin
            // i with a 0 put in at bit `level`
            at = ((i >> level) << (level + 1)) + (i & ((1 << level) - 1));
            to = at + (1 << level);
            a  = m[32*at +: 32];
            b  = m[32*to +: 32];
            m[32*at +: 32] = a + b;
            m[32*to +: 32] = a - b;
          end
        end
      end
      for (int unsigned i = 0; i < Elements; i++) h_o[31*i +: 31] = m[32*i +: 31];
    end
  end

endmodule
