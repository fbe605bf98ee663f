// Draws one of the sampler's candidates: weights 2^-((l_1 - l_i) * C), their sum, and the first
// candidate at which the sum so far exceeds the random share (docs/numerics.md, "Sampling").
// Candidates are in order, largest first, as keys of the sampler; a key of 0 is an empty place. In
// DrawCycles, of which the last is the register behind it. docs/units/lm_head.md
module kiln_sampler_draw #(
  parameter int unsigned DrawCycles = 1,
  parameter int unsigned MaxTopK = 8
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic [31:0]           factor_i,
  input  logic [3:0]            top_k_i,
  input  logic [63:0]           seed_i,
  input  logic [31:0]           position_i,
  input  logic                  valid_i,
  input  logic [MaxTopK*32-1:0] keys_i,
  input  logic [MaxTopK*32-1:0] ids_i,
  output logic                  valid_o,
  output logic [31:0]           id_o
);

  function automatic logic [31:0] logit_of(input logic [31:0] key);
    return key[31] ? {1'b0, key[30:0]} : ~key;
  endfunction

  function automatic logic [23:0] weight_of(input logic [31:0] largest, input logic [31:0] logit,
                                            input logic [31:0] factor);
    return 24'(kiln_pkg::power_below(
        kiln_pkg::fp_mul(kiln_pkg::fp_add(largest, kiln_pkg::fp_neg(logit)), factor)));
  endfunction

  function automatic logic [31:0] random_of(input logic [63:0] seed, input logic [31:0] position);
    return 32'(kiln_pkg::splitmix_mix(seed, {32'd0, position}) >> 32);
  endfunction

  logic [MaxTopK*24-1:0] weights;
  logic [26:0]           total, sum, threshold;
  logic                  found;
  logic [31:0]           choice;

  always_comb begin
    weights   = '0;
    total     = '0;
    sum       = '0;
    threshold = '0;
    found     = 1'b0;
    choice    = '0;
    if (valid_i) begin
      for (int unsigned i = 0; i < MaxTopK; i++) begin
        if (i < 32'(top_k_i) && keys_i[32*i +: 32] != '0) begin
          weights[24*i +: 24] =
              weight_of(logit_of(keys_i[31:0]), logit_of(keys_i[32*i +: 32]), factor_i);
          total += {3'd0, weights[24*i +: 24]};
        end
      end
      threshold = 27'(({27'd0, random_of(seed_i, position_i)} * {32'd0, total}) >> 32);
      for (int unsigned i = 0; i < MaxTopK; i++) begin
        sum += {3'd0, weights[24*i +: 24]};
        if (!found && sum > threshold) begin
          choice = ids_i[32*i +: 32];
          found  = 1'b1;
        end
      end
    end
  end

  kiln_delay #(.Cycles(DrawCycles - 1), .Width(32)) u_draw (
    .clk_i,
    .rst_ni,
    .valid_i,
    .data_i (choice),
    .valid_o,
    .data_o (id_o)
  );

endmodule
