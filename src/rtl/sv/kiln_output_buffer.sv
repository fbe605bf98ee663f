// A unit's output buffer: room for a whole output vector of Depth beats (docs/adr/0002), so what the unit makes never
// waits. A beat that is pushed in cycle t is available from t + 1 on. The unit never pushes more than Depth beats ahead
// of what left.
module kiln_output_buffer #(
  parameter int unsigned Width = 32,
  parameter int unsigned Depth = 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             push_i,
  input  logic [Width-1:0] data_i,
  output logic             valid_o,
  input  logic             ready_i,
  output logic [Width-1:0] data_o
);

  localparam int unsigned IndexWidth = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int unsigned CountWidth = $clog2(Depth + 1);

  logic [Width-1:0]      beats_q [Depth];
  logic [IndexWidth-1:0] write_q, read_q;
  logic [CountWidth-1:0] count_q;
  logic                  pop;

  assign valid_o = count_q != '0;
  assign pop     = valid_o && ready_i;
  assign data_o  = valid_o ? beats_q[read_q] : Width'(0);

  always_ff @(posedge clk_i) begin
    if (push_i) beats_q[write_q] <= data_i;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      write_q <= '0;
      read_q  <= '0;
      count_q <= '0;
    end else begin
      if (push_i) write_q <= (write_q == IndexWidth'(Depth - 1)) ? '0 : write_q + IndexWidth'(1);
      if (pop) read_q <= (read_q == IndexWidth'(Depth - 1)) ? '0 : read_q + IndexWidth'(1);
      if (push_i && !pop) count_q <= count_q + CountWidth'(1);
      if (pop && !push_i) count_q <= count_q - CountWidth'(1);
    end
  end

endmodule
