// Collects a beat's elements, Lanes a cycle, and hands out its groups in the cycle in which their
// last element comes: groups of up to 64 begin anew every Period elements (a head; or the whole
// beat). At most Units groups become complete in one cycle. group_o[u] is group base_o + u of the
// beat, zeros behind its end; last_o: the beat is over. docs/units/vector_unit.md
module kiln_quantise_collector #(
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Lanes = 64,
  parameter int unsigned Units = 1,
  parameter int unsigned Groups = 1,
  parameter int unsigned GroupElements = 64,
  parameter logic [32*Groups-1:0] Starts = '0,
  parameter logic [32*Groups-1:0] Ends = '0,
  localparam int unsigned IndexWidth = $clog2(Groups + 1)
) (
  input  logic                              clk_i,
  input  logic                              rst_ni,
  input  logic                              valid_i,
  input  logic [32*Lanes-1:0]               lanes_i,
  output logic [Units-1:0]                  complete_o,
  output logic [IndexWidth-1:0]             base_o,
  output logic                              last_o,
  output logic [32*Units*GroupElements-1:0] group_o
);

  localparam int unsigned Steps = (BeatElements + Lanes - 1) / Lanes;
  localparam int unsigned StepWidth = (Steps > 1) ? $clog2(Steps) : 1;
  localparam int unsigned GroupBits = 32 * GroupElements;

  logic [32*Steps*Lanes-1:0] beat;  // what has come so far, this cycle's elements among it
  logic [StepWidth-1:0]      step;
  int unsigned               so_far;
  int unsigned               index;
  logic [IndexWidth-1:0]     next_d, next_q;

  assign base_o = next_q;
  assign last_o = valid_i && step == StepWidth'(Steps - 1);
  assign so_far = Lanes * (32'(step) + 1);

  always_comb begin
    complete_o = '0;
    group_o    = (32*Units*GroupElements)'(1'b0);
    next_d     = next_q;
    index      = '0;
    if (valid_i) begin
      for (int unsigned u = 0; u < Units; u++) begin
        index = 32'(next_q) + u;
        if (index < Groups && Ends[32*index +: 32] <= so_far) begin
          complete_o[u] = 1'b1;
          next_d        = IndexWidth'(index + 1);
          group_o[GroupBits*u +: GroupBits] = GroupBits'(beat >> (32 * Starts[32*index +: 32])) &
              ~({GroupBits{1'b1}} << (32 * (Ends[32*index +: 32] - Starts[32*index +: 32])));
        end
      end
      if (last_o) next_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) next_q <= '0;
    else if (valid_i) next_q <= next_d;
  end

  if (Steps == 1) begin : g_whole
    assign step = '0;
    assign beat = lanes_i;
  end else begin : g_steps
    logic [StepWidth-1:0]      step_q;
    logic [32*Steps*Lanes-1:0] beat_q;

    assign step = step_q;

    always_comb begin
      beat = (32*Steps*Lanes)'(1'b0);
      if (valid_i) begin
        beat = beat_q;
        beat[32*Lanes*32'(step_q) +: 32*Lanes] = lanes_i;
      end
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) step_q <= '0;
      else if (valid_i) step_q <= last_o ? '0 : step_q + StepWidth'(1);
    end

    always_ff @(posedge clk_i) begin
      if (valid_i) beat_q <= beat;
    end
  end

endmodule
