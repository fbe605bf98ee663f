// The residual: a memory of lane groups in stream order. What comes in is stored (replace_i) or
// added, lane group by lane group from the first on; the sum of a lane group that comes in cycle t
// can be read from t + AddCycles on. complete_o is high in the cycle before that of the vector's
// last one. largest_o: the largest exponent of the vector, as binary32 stores it, from then on.
// Reads without a clock; not while something comes in. docs/units/vector_unit.md
module kiln_residual #(
  parameter int unsigned Words = 1,  // lane groups of the vector
  parameter int unsigned Lanes = 64,
  parameter int unsigned AddCycles = 1,
  localparam int unsigned AddrWidth = (Words > 1) ? $clog2(Words) : 1
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 valid_i,
  input  logic                 replace_i,
  input  logic [32*Lanes-1:0]  lanes_i,
  input  logic                 read_i,
  input  logic [AddrWidth-1:0] addr_i,
  output logic [32*Lanes-1:0]  lanes_o,
  output logic                 complete_o,
  output logic [7:0]           largest_o
);

  logic [32*Lanes-1:0]  cells_q [Words];
  logic [AddrWidth-1:0] in_q, write_q;  // the lane group that comes in next, is written next
  logic [32*Lanes-1:0]  sum, write_data;
  logic                 write;
  logic [7:0]           largest_d;

  assign complete_o = write && write_q == AddrWidth'(Words - 1);

  always_comb begin
    lanes_o = (32*Lanes)'(1'b0);
    if (valid_i) lanes_o = cells_q[in_q];
    else if (read_i) lanes_o = cells_q[addr_i];
  end

  always_comb begin
    sum = (32*Lanes)'(1'b0);
    if (valid_i) begin
      sum = lanes_i;
      if (!replace_i) begin
        for (int unsigned i = 0; i < Lanes; i++) begin
          sum[32*i +: 32] = kiln_pkg::fp_add(lanes_o[32*i +: 32], lanes_i[32*i +: 32]);
        end
      end
    end
  end

  kiln_delay #(.Cycles(AddCycles - 1), .Width(32 * Lanes)) u_add (
    .clk_i, .rst_ni, .valid_i, .data_i(sum), .valid_o(write), .data_o(write_data)
  );

  always_comb begin
    largest_d = largest_o;
    if (write) begin
      if (write_q == '0) largest_d = '0;
      for (int unsigned i = 0; i < Lanes; i++) begin
        if (write_data[32*i+23 +: 8] > largest_d) largest_d = write_data[32*i+23 +: 8];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (write) cells_q[write_q] <= write_data;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      in_q      <= '0;
      write_q   <= '0;
      largest_o <= '0;
    end else begin
      if (valid_i) in_q <= (in_q == AddrWidth'(Words - 1)) ? '0 : in_q + AddrWidth'(1);
      if (write) begin
        write_q   <= (write_q == AddrWidth'(Words - 1)) ? '0 : write_q + AddrWidth'(1);
        largest_o <= largest_d;
      end
    end
  end

endmodule
