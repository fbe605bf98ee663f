// Puts the quantised groups of a beat, which come one or more a cycle in order, side by side: the
// whole beat is at data_o in the cycle in which its last groups come. Groups from groups_i on are
// padding and stay zero bits. docs/units/vector_unit.md
module kiln_quantise_assembler #(
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Units = 1,
  parameter int unsigned Groups = 1,
  parameter int unsigned GroupElements = 64,
  parameter int unsigned InputSteps = 1,
  parameter logic [32*Groups-1:0] Starts = '0,
  localparam int unsigned IndexWidth = $clog2(Groups + 1),
  localparam int unsigned CodesWidth = 8 * GroupElements + 12,  // codes, exponent, step
  localparam int unsigned OutWidth = 8 * BeatElements + (InputSteps != 0 ? 12 : 9) * Groups
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        valid_i,
  input  logic [Units-1:0]            complete_i,
  input  logic [IndexWidth-1:0]       groups_i,
  input  logic [IndexWidth-1:0]       base_i,
  input  logic                        last_i,
  input  logic [Units*CodesWidth-1:0] codes_i,
  output logic                        valid_o,
  output logic [OutWidth-1:0]         data_o
);

  localparam int unsigned CodeBits = 8 * BeatElements;

  logic [CodeBits-1:0] codes_d, codes_q;
  logic [9*Groups-1:0] exponents_d, exponents_q;
  logic [3*Groups-1:0] steps_d, steps_q;
  int unsigned         index;

  assign valid_o = valid_i && last_i;

  always_comb begin
    codes_d     = '0;
    exponents_d = '0;
    steps_d     = '0;
    index       = '0;
    if (valid_i) begin
      codes_d     = codes_q;
      exponents_d = exponents_q;
      steps_d     = steps_q;
      for (int unsigned u = 0; u < Units; u++) begin
        index = 32'(base_i) + u;
        if (complete_i[u] && index < 32'(groups_i)) begin
          codes_d = codes_d |
              (CodeBits'(codes_i[CodesWidth*u +: 8*GroupElements]) << (8 * Starts[32*index +: 32]));
          exponents_d[9*index +: 9] = codes_i[CodesWidth*u + 8*GroupElements +: 9];
          steps_d[3*index +: 3]     = codes_i[CodesWidth*u + 8*GroupElements + 9 +: 3];
        end
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      codes_q     <= '0;
      exponents_q <= '0;
      steps_q     <= '0;
    end else if (valid_i) begin
      codes_q     <= last_i ? '0 : codes_d;
      exponents_q <= last_i ? '0 : exponents_d;
      steps_q     <= last_i ? '0 : steps_d;
    end
  end

  if (InputSteps != 0) begin : g_steps
    assign data_o = {steps_d, exponents_d, codes_d};
  end else begin : g_powers
    logic unused_steps;
    assign unused_steps = ^steps_d;
    assign data_o       = {exponents_d, codes_d};
  end

endmodule
