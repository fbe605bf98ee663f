// Codes of one group, in -127 ... 127: of h with the smallest step * 2^shift that does it, step 4
// ... 7 (InputSteps 1: what enters a matrix) or 1 (0: what attention compares and stores).
// Combinational. A group of zeros (largest_i 0): codes 0, exponent -256, step 1. docs/numerics.md,
// "Quantise", from step 4 on
module kiln_quantise_group #(
  parameter int unsigned Elements = 64,
  parameter int unsigned InputSteps = 1
) (
  input  logic                   valid_i,
  input  logic [7:0]             largest_i,
  input  logic [31*Elements-1:0] h_i,
  output logic [8*Elements-1:0]  codes_o,
  output logic [8:0]             exponent_o,
  output logic [2:0]             step_o
);

  import kiln_pkg::*;

  // 2^20 / step, rounded.
  function automatic logic signed [63:0] inverse(int unsigned step);
    case (step)
      4:       return 64'sd262144;
      5:       return 64'sd209715;
      6:       return 64'sd174763;
      7:       return 64'sd149797;
      default: return 64'sd1048576;
    endcase
  endfunction

  function automatic logic signed [63:0] code(logic [30:0] h, int unsigned step,
                                                  int unsigned shift);
    return rounding_shift_signed(64'($signed(h)) * inverse(step), shift + 20);
  endfunction

  function automatic logic fits(logic [30:0] high, logic [30:0] low, int unsigned step,
                                int unsigned shift);
    return code(high, step, shift) <= 64'sd127 && code(low, step, shift) >= -64'sd127;
  endfunction

  logic [30:0] high, low, magnitude;
  int unsigned length, step, shift;

  always_comb begin
    codes_o    = '0;
    exponent_o = 9'h100;
    step_o     = 3'd1;
    high       = '0;
    low        = '0;
    magnitude  = '0;
    length     = '0;
    step       = '0;
    shift      = '0;
    if (valid_i && largest_i != '0) begin
      for (int unsigned i = 0; i < Elements; i++) begin
        if ($signed(h_i[31*i +: 31]) > $signed(high)) high = h_i[31*i +: 31];
        if ($signed(h_i[31*i +: 31]) < $signed(low)) low = h_i[31*i +: 31];
      end
      magnitude = (high > -low) ? high : -low;  // both are below 2^30
      length    = bit_length(64'(magnitude));
      if (InputSteps != 0) begin
        // The largest magnitude lies in [2^(length-1), 2^length): a step of 4 * 2^(length-10) gives
        // at least 128, one of 5 * 2^(length-9) at most 103. In between, the smallest that fits.
        if (fits(high, low, 5, length - 10)) {step, shift} = {32'd5, length - 10};
        else if (fits(high, low, 6, length - 10)) {step, shift} = {32'd6, length - 10};
        else if (fits(high, low, 7, length - 10)) {step, shift} = {32'd7, length - 10};
        else if (fits(high, low, 4, length - 9)) {step, shift} = {32'd4, length - 9};
        else {step, shift} = {32'd5, length - 9};
      end else begin
        step  = 1;
        shift = fits(high, low, 1, length - 7) ? length - 7 : length - 6;
      end
      for (int unsigned i = 0; i < Elements; i++) begin
        codes_o[8*i +: 8] = 8'(code(h_i[31*i +: 31], step, shift));
      end
      exponent_o = 9'(32'(largest_i) + shift - 150);
      step_o     = 3'(step);
    end
  end

endmodule
