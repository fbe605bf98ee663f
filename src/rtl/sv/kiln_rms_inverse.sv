// 1 / sqrt(total * 2^(2 * (largest - 150)) / Count + Eps) as an element; 0 where both are 0.
// Combinational. docs/numerics.md, "RMSNorm", steps 2 to 4
module kiln_rms_inverse #(
  parameter int unsigned Count = 1,
  parameter logic [31:0] Eps = '0
) (
  input  logic        valid_i,
  input  logic [67:0] total_i,
  input  logic [7:0]  largest_i,
  output logic [31:0] scale_o
);

  import kiln_pkg::*;

  // 1 / Count = Inverse * 2^-(31 + Log), 32 bits.
  localparam int unsigned Log = $clog2(Count + 1) - 1;
  localparam logic [63:0] Inverse = ((64'h1 << (31 + Log)) + 64'(Count) / 2) / 64'(Count);

  // Count * Eps = EpsSum * 2^EpsExponent, brought to 62 bits.
  localparam logic [63:0] EpsExact = 64'({Eps[30:23] != '0, Eps[22:0]}) * 64'(Count);
  localparam int unsigned EpsShift = 62 - bit_length(EpsExact);
  localparam logic [63:0] EpsSum = (Eps[30:23] == '0) ? 64'h0 : EpsExact << EpsShift;
  localparam int          EpsExponent = int'(32'(Eps[30:23])) - 150 - int'(EpsShift);

  logic [63:0]  sum, top, mean, d;
  int           exponent, shift;
  int unsigned  length;

  always_comb begin
    scale_o  = '0;
    sum      = '0;
    top      = '0;
    mean     = '0;
    d        = '0;
    exponent = '0;
    shift    = '0;
    length   = '0;
    if (valid_i) begin
      // total to 62 bits
      length = (total_i[67:62] != '0) ? 62 + bit_length(64'(total_i[67:62]))
                                      : bit_length(total_i[63:0]);
      if (length > 62) begin
        sum = 64'((total_i + (68'h1 << (length - 63))) >> (length - 62));
      end else begin
        sum = total_i[63:0] << (62 - length);
      end
      exponent = 2 * (int'(32'(largest_i)) - 150) + int'(length) - 62;
      // plus Count * Eps, the smaller one aligned
      if (length == 0) begin
        sum      = EpsSum;
        exponent = EpsExponent;
      end else if (EpsSum != '0) begin
        shift = exponent - EpsExponent;
        if (shift >= 0) begin
          sum = sum + ((shift > 62) ? 64'h0 : rounding_shift(EpsSum, shift));
        end else begin
          sum      = EpsSum + ((shift < -62) ? 64'h0 : rounding_shift(sum, -shift));
          exponent = EpsExponent;
        end
      end
      if (sum != '0) begin
        length   = bit_length(sum) - 32;
        top      = rounding_shift(sum, length);
        mean     = top * Inverse;
        exponent = exponent + int'(length) - 31 - int'(Log);
        shift    = int'(bit_length(mean)) - 32;
        if (((exponent + shift) & 1) != 0) shift = shift + 1;
        d        = rounding_shift(mean, shift);
        if (d > 64'hffff_ffff) d = 64'hffff_ffff;
        scale_o  = fp_from_u64(1'b0, 64'(rsqrt(d[31:0])), -31 - ((exponent + shift + 30) >>> 1));
      end
    end
  end

endmodule
