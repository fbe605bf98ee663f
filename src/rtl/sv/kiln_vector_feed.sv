// Cuts a beat of Width bits an element into lane groups: what is taken in cycle t stands whole at
// beat_o in the cycles t ... t + Steps - 1, with step_o = 0 ... Steps - 1, and Lanes elements are
// worked on in each. The first cycle passes the beat through, the others hold it. idle_o: the next
// beat may be taken. Behind the beat's end stand zeros. docs/units/vector_unit.md
module kiln_vector_feed #(
  parameter int unsigned Elements = 64,
  parameter int unsigned Lanes = 64,
  parameter int unsigned SideWidth = 1,
  localparam int unsigned Steps = (Elements + Lanes - 1) / Lanes,
  localparam int unsigned StepWidth = (Steps > 1) ? $clog2(Steps) : 1
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      take_i,
  input  logic [32*Elements-1:0]    beat_i,
  input  logic [SideWidth-1:0]      side_i,
  output logic                      idle_o,
  output logic                      valid_o,
  output logic [StepWidth-1:0]      step_o,
  output logic [32*Steps*Lanes-1:0] beat_o,
  output logic [SideWidth-1:0]      side_o
);

  if (Steps == 1) begin : g_whole
    logic unused_clock;
    assign unused_clock = clk_i ^ rst_ni;
    assign idle_o       = 1'b1;
    assign valid_o      = take_i;
    assign step_o       = '0;
    assign beat_o       = (32*Steps*Lanes)'(beat_i);
    assign side_o       = side_i;
  end else begin : g_steps
    logic                   last;
    logic [StepWidth-1:0]   step_q;
    logic [32*Elements-1:0] beat, beat_q;
    logic [SideWidth-1:0]   side_q;

    assign idle_o  = step_q == '0;
    assign valid_o = take_i || !idle_o;
    assign step_o  = step_q;
    assign last    = step_q == StepWidth'(Steps - 1);
    assign beat    = idle_o ? beat_i : beat_q;
    assign beat_o  = (32*Steps*Lanes)'(beat);
    assign side_o  = idle_o ? side_i : side_q;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) step_q <= '0;
      else if (last) step_q <= '0;
      else if (valid_o) step_q <= step_q + StepWidth'(1);
    end

    always_ff @(posedge clk_i) begin
      if (take_i) begin
        beat_q <= beat_i;
        side_q <= side_i;
      end
    end
  end

endmodule
