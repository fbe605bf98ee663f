// kiln_delay with Cycles >= 0: the rest of a latency of which the first register stands in the function's own always_ff
// (so that a function runs only in cycles in which it has work). With 0 a wire.
module kiln_tile_delay #(
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
  end else begin : g_delay
    kiln_delay #(
      .Cycles(Cycles),
      .Width (Width)
    ) u_delay (
      .clk_i,
      .rst_ni,
      .valid_i,
      .data_i,
      .valid_o,
      .data_o
    );
  end

endmodule
