// Scores, which become probabilities in place. A row holds Elements of 32 bits; a window of Rows
// rows (a power of two) from any row on is read without a clock, and one is written, element by
// element where its mask is set. Row r lies in bank r mod Rows, so each bank reads and writes one
// row. docs/units/attention_unit.md
module kiln_attention_buffer #(
  parameter int unsigned Elements = 1,
  parameter int unsigned Rows = 1,
  parameter int unsigned Depth = 1,  // rows in all
  localparam int unsigned RowBits = (Depth > 1) ? $clog2(Depth) : 1,
  localparam int unsigned Width = 32 * Elements
) (
  input  logic                     clk_i,
  input  logic                     write_i,
  input  logic [RowBits-1:0]       write_row_i,
  input  logic [Rows*Elements-1:0] write_mask_i,
  input  logic [Rows*Width-1:0]    write_data_i,
  input  logic                     read_i,
  input  logic [RowBits-1:0]       read_row_i,
  output logic [Rows*Width-1:0]    read_data_o
);

  localparam int unsigned BankDepth = (Depth + Rows - 1) / Rows;
  localparam int unsigned BankRowBits = (BankDepth > 1) ? $clog2(BankDepth) : 1;

  logic [Rows*Width-1:0] bank_data;

  for (genvar b = 0; b < Rows; b++) begin : g_bank
    logic [Width-1:0]       rows_q [BankDepth];
    logic [Width-1:0]       merged;
    logic [31:0]            write_place, read_place;  // this bank's row of the window
    logic [BankRowBits-1:0] write_row, read_row;
    logic                   write;

    assign write_place = (b - 32'(write_row_i)) & (Rows - 1);
    assign read_place  = (b - 32'(read_row_i)) & (Rows - 1);
    assign write_row   = BankRowBits'((32'(write_row_i) + write_place) / Rows);
    assign read_row    = BankRowBits'((32'(read_row_i) + read_place) / Rows);
    assign write       = write_i && |write_mask_i[write_place*Elements +: Elements];

    always_comb begin
      merged = Width'(0);
      if (write) begin
        merged = rows_q[write_row];
        for (int unsigned i = 0; i < Elements; i++) begin
          if (write_mask_i[write_place*Elements+i]) begin
            merged[32*i +: 32] = write_data_i[write_place*Width+32*i +: 32];
          end
        end
      end
    end

    always_ff @(posedge clk_i) begin
      if (write) rows_q[write_row] <= merged;
    end

    assign bank_data[b*Width +: Width] = read_i ? rows_q[read_row] : Width'(0);
  end

  always_comb begin : read_window
    logic [$clog2(Rows*Width)-1:0] at;
    at          = '0;
    read_data_o = (Rows * Width)'(0);
    if (read_i) begin
      for (int unsigned r = 0; r < Rows; r++) begin
        at = $bits(at)'(((32'(read_row_i) + r) & (Rows - 1)) * Width);
        read_data_o[r*Width +: Width] = bank_data[at +: Width];
      end
    end
  end

endmodule
