// Rotates the heads of a beat, Lanes elements a cycle: element i of a head with its partner i +-
// HeadDim / 2, by sine and cosine of position * increment. With rotate_i low (v) the elements pass
// as they are. Result RopeCycles later. HeadDim divides the beat. docs/units/vector_unit.md,
// docs/numerics.md, "RoPE"
module kiln_rope #(
  parameter int unsigned HeadDim = 64,
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Lanes = 64,
  parameter int unsigned RopeCycles = 1,
  parameter int unsigned SideWidth = 1,
  parameter RopeFile = "",
  localparam int unsigned Steps = (BeatElements + Lanes - 1) / Lanes,
  localparam int unsigned StepWidth = (Steps > 1) ? $clog2(Steps) : 1
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      valid_i,
  input  logic                      rotate_i,
  input  logic [31:0]               position_i,
  input  logic [StepWidth-1:0]      step_i,
  input  logic [32*Steps*Lanes-1:0] beat_i,
  input  logic [SideWidth-1:0]      side_i,
  output logic                      valid_o,
  output logic [32*Lanes-1:0]       lanes_o,
  output logic [SideWidth-1:0]      side_o
);

  import kiln_pkg::*;

  localparam int unsigned Half = HeadDim / 2;

  logic [32*Lanes-1:0] addr, rotated;
  logic [64*Lanes-1:0] increments;
  logic [63:0]         sine_cosine_of;
  logic [31:0]         own, other, crossed;
  int unsigned         at, first;

  assign first = 32'(step_i) * Lanes;

  always_comb begin
    addr = (32*Lanes)'(1'b0);
    if (valid_i && rotate_i) begin
      for (int unsigned i = 0; i < Lanes; i++) addr[32*i +: 32] = (first + i) % Half;
    end
  end

  kiln_rom #(.Width(64), .Depth(Half), .Ports(Lanes), .File(RopeFile)) u_increments (
    .read_i(valid_i && rotate_i), .addr_i(addr), .data_o(increments)
  );

  always_comb begin
    rotated        = (32*Lanes)'(1'b0);
    sine_cosine_of = '0;
    own            = '0;
    other          = '0;
    crossed        = '0;
    at             = '0;
    if (valid_i && !rotate_i) begin
      rotated = beat_i[32*first +: 32*Lanes];
    end else if (valid_i) begin
      for (int unsigned i = 0; i < Lanes; i++) begin
        at = first + i;
        if (at < BeatElements) begin
          own   = beat_i[32*at +: 32];
          other = (at % HeadDim < Half) ? beat_i[32*(at+Half) +: 32] : beat_i[32*(at-Half) +: 32];
          sine_cosine_of = sine_cosine(64'(position_i) * increments[64*i +: 64]);
          crossed        = fp_mul(other, sine_cosine_of[63:32]);
          if (at % HeadDim < Half) crossed = fp_neg(crossed);
          rotated[32*i +: 32] = fp_add(fp_mul(own, sine_cosine_of[31:0]), crossed);
        end
      end
    end
  end

  kiln_delay #(.Cycles(RopeCycles), .Width(SideWidth + 32 * Lanes)) u_rope (
    .clk_i, .rst_ni, .valid_i, .data_i({side_i, rotated}), .valid_o, .data_o({side_o, lanes_o})
  );

endmodule
