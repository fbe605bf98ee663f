// A link between two units: Stages >= 1 registered stages of two entries each. A beat that leaves in cycle t can be taken
// from t + Stages on; the link holds 2 * Stages beats; a freed place is seen by the sender Stages cycles later.
// docs/units/link.md
module kiln_link #(
  parameter int unsigned Stages = 1,
  parameter int unsigned Width = 32
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             in_valid_i,
  output logic             in_ready_o,
  input  logic [Width-1:0] in_data_i,
  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic [Width-1:0] out_data_o
);

  for (genvar i = 0; i < Stages; i++) begin : g_stage
    logic             from_valid, from_ready;
    logic [Width-1:0] from_data;
    logic             to_valid, to_ready;
    logic [Width-1:0] to_data;

    kiln_link_stage #(.Width(Width)) u_stage (
      .clk_i,
      .rst_ni,
      .in_valid_i (from_valid),
      .in_ready_o (from_ready),
      .in_data_i  (from_data),
      .out_valid_o(to_valid),
      .out_ready_i(to_ready),
      .out_data_o (to_data)
    );

    if (i == 0) begin : g_first
      assign from_valid = in_valid_i;
      assign from_data  = in_data_i;
    end else begin : g_next
      assign from_valid = g_stage[i-1].to_valid;
      assign from_data  = g_stage[i-1].to_data;
    end
    if (i == Stages - 1) begin : g_last
      assign to_ready = out_ready_i;
    end else begin : g_inner
      assign to_ready = g_stage[i+1].from_ready;
    end
  end

  assign in_ready_o  = g_stage[0].from_ready;
  assign out_valid_o = g_stage[Stages-1].to_valid;
  assign out_data_o  = g_stage[Stages-1].to_data;

endmodule
