// Cycles >= 0 pipeline registers (0: a wire): what enters in cycle t is at the output in cycle t + Cycles. A stage moves
// its data only with its valid bit, so that an empty pipeline stands still, and the data has no reset: it counts only
// behind a valid bit. The last stage holds its data until the next is there. Stands for the latency of the function
// ahead of it, over which synthesis may spread that function; where a result is stored in a register of its own behind
// it (an output buffer's), that is one of the latency's cycles.
module kiln_delay #(
  parameter int unsigned Cycles = 0,
  parameter int unsigned Width = 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             valid_i,
  input  logic [Width-1:0] data_i,
  output logic             valid_o,
  output logic [Width-1:0] data_o
);

  if (Cycles == 0) begin : g_wire
    logic unused_clock;
    assign unused_clock = clk_i ^ rst_ni;
    assign valid_o      = valid_i;
    assign data_o       = data_i;
  end else begin : g_registers
    logic [Cycles-1:0] valid_d, valid_q;  // bit n: into and out of register n

    assign valid_d = (Cycles)'({valid_q, valid_i});
    assign valid_o = valid_q[Cycles-1];

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) valid_q <= '0;
      else valid_q <= valid_d;
    end

    for (genvar i = 0; i < Cycles; i++) begin : g_stage
      logic [Width-1:0] data_d, data_q;

      if (i == 0) begin : g_first
        assign data_d = data_i;
      end else begin : g_next
        assign data_d = g_stage[i-1].data_q;
      end

      always_ff @(posedge clk_i) begin
        if (valid_d[i]) data_q <= data_d;
      end
    end

    assign data_o = g_stage[Cycles-1].data_q;
  end

endmodule
