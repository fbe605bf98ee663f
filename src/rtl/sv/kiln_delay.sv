// Cycles >= 1 pipeline registers: what enters in cycle t is at the output in cycle t + Cycles. A stage moves its data
// only with its valid bit, so that an empty pipeline stands still. Stands for the latency of the function ahead of it,
// over which synthesis may spread that function.
module kiln_delay #(
  parameter int unsigned Cycles = 1,
  parameter int unsigned Width = 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             valid_i,
  input  logic [Width-1:0] data_i,
  output logic             valid_o,
  output logic [Width-1:0] data_o
);

  for (genvar i = 0; i < Cycles; i++) begin : g_stage
    logic             valid_d, valid_q;
    logic [Width-1:0] data_d, data_q;

    if (i == 0) begin : g_first
      assign valid_d = valid_i;
      assign data_d  = data_i;
    end else begin : g_next
      assign valid_d = g_stage[i-1].valid_q;
      assign data_d  = g_stage[i-1].data_q;
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        valid_q <= 1'b0;
        data_q  <= Width'(0);
      end else begin
        valid_q <= valid_d;
        if (valid_d) data_q <= data_d;
      end
    end
  end

  assign valid_o = g_stage[Cycles-1].valid_q;
  assign data_o  = g_stage[Cycles-1].data_q;

endmodule
