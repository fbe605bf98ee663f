// Multiply core of a tile, ROM and multipliers: Lines rows of codes are read into a register (ReadCycles), then MacLanes
// columns a cycle look their codes up, multiply and add up Lines products (MultiplyCycles) and accumulate. issue_phase_i 0
// begins a step; its phases are the lane groups. P is handed on as in kiln_tile_product_select. docs/units/rom_mac.md
module kiln_tile_rom_mac #(
  parameter int unsigned Rows = 64,
  parameter int unsigned Columns = 16,
  parameter int unsigned Layers = 1,
  parameter int unsigned Lines = 1,
  parameter int unsigned Lanes = 1,
  parameter int unsigned MacLanes = 1,
  parameter int unsigned CodeBits = 4,
  parameter int unsigned Books = 1,
  parameter logic [Books*32-1:0] BookEnds = {Books{32'd16}},
  parameter int unsigned ReadCycles = 1,
  parameter int unsigned MultiplyCycles = 1,
  parameter CodesFile = ""
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  logic [Books*8*(2**CodeBits)-1:0] codebooks_i,
  input  logic                             issue_valid_i,
  input  logic [15:0]                      issue_phase_i,
  input  logic [31:0]                      issue_addr_i,
  input  logic [Lines*8-1:0]               issue_inputs_i,
  input  logic                             acc_valid_i,
  input  logic                             acc_first_i,
  input  logic                             acc_end_i,
  input  logic [15:0]                      acc_phase_i,
  input  logic                             slot_valid_i,
  input  logic [15:0]                      slot_index_i,
  output logic [Lanes*21-1:0]              p_o
);

  localparam int unsigned Values = 2 ** CodeBits;
  localparam int unsigned Word = Lines * Columns * CodeBits;
  localparam int unsigned Groups = (Columns + MacLanes - 1) / MacLanes;
  localparam int unsigned Row = Columns * CodeBits;
  localparam int unsigned Depth = Layers * Rows;
  localparam int unsigned AddrWidth = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int unsigned Slots = (Columns + Lanes - 1) / Lanes;
  localparam int unsigned Sums = Slots * Lanes * 21;  // nobody reads what the last slot has too many
  localparam int unsigned Mac = MacLanes * 21;

  logic [Word-1:0]    codes;
  logic [Word+Lines*8-1:0] row_q;
  logic               row_valid, row_valid_q;
  logic [Lines*8-1:0] inputs;
  logic [15:0]        phase;
  logic               phase_valid, products_valid_q;
  logic               unused_row_valid, unused_products_valid;
  logic [Mac-1:0]     products_q, products;
  logic [Sums-1:0]    acc_q, hold_q;

  // The cells, a word of codes each row. The rows of a step lie side by side: Lines banks, row modulo Lines, would serve.
  logic [Row-1:0] cells [Depth];

  initial $readmemh(CodesFile, cells);

  assign row_valid = issue_valid_i && issue_phase_i == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) row_valid_q <= 1'b0;
    else row_valid_q <= row_valid;
  end

  always_ff @(posedge clk_i) begin : read
    logic [Word-1:0] rows;
    if (row_valid) begin
      for (int unsigned l = 0; l < Lines; l++) rows[Row*l +: Row] = cells[AddrWidth'(issue_addr_i+l)];
      row_q <= {rows, issue_inputs_i};
    end
  end

  // The last register of the read holds its rows until the next ones are there: the row register.
  kiln_delay #(
    .Cycles(ReadCycles - 1),
    .Width (Word + Lines * 8)
  ) u_row (
    .clk_i,
    .rst_ni,
    .valid_i(row_valid_q),
    .data_i (row_q),
    .valid_o(unused_row_valid),
    .data_o ({codes, inputs})
  );

  kiln_delay #(
    .Cycles(ReadCycles),
    .Width (16)
  ) u_phase (
    .clk_i,
    .rst_ni,
    .valid_i(issue_valid_i),
    .data_i (issue_phase_i),
    .valid_o(phase_valid),
    .data_o (phase)
  );

  // Codes of a group of MacLanes columns: code of line l and lane m at [CodeBits * (m * Lines + l) +: CodeBits].
  function automatic logic [MacLanes*Lines*CodeBits-1:0] group_codes(input logic [15:0] group,
                                                                     input logic [Word-1:0] rows);
    for (int unsigned g = 0; g < Groups; g++) begin
      if (g == 0 || group == 16'(g)) begin
        for (int unsigned m = 0; m < MacLanes; m++) begin
          for (int unsigned l = 0; l < Lines; l++) begin
            if (g * MacLanes + m < Columns) begin
              group_codes[CodeBits*(m*Lines+l) +: CodeBits] =
                  rows[CodeBits*(l*Columns+g*MacLanes+m) +: CodeBits];
            end else begin
              group_codes[CodeBits*(m*Lines+l) +: CodeBits] = '0;
            end
          end
        end
      end
    end
  endfunction

  function automatic logic [Mac-1:0] multiplied(input logic [15:0] group,
                                                input logic [MacLanes*Lines*CodeBits-1:0] codes_now,
                                                input logic [Lines*8-1:0] activations,
                                                input logic [Books*8*Values-1:0] books);
    logic [31:0]         column, book;
    logic [CodeBits-1:0] code;
    logic signed [14:0]  product;  // at most 127 * 127
    logic [20:0]         sum;
    for (int unsigned m = 0; m < MacLanes; m++) begin
      column = 32'(group) * MacLanes + m;
      book   = '0;
      for (int unsigned k = 1; k < Books; k++) begin
        if (column >= BookEnds[32*(k-1) +: 32]) book = k;
      end
      sum = '0;
      for (int unsigned l = 0; l < Lines; l++) begin
        code    = codes_now[CodeBits*(m*Lines+l) +: CodeBits];
        product = 15'($signed(activations[8*l +: 8])) *
                  15'($signed(books[8*(Values*book+32'(code)) +: 8]));
        sum     = sum + {{6{product[14]}}, product};
      end
      multiplied[21*m +: 21] = sum;
    end
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) products_valid_q <= 1'b0;
    else products_valid_q <= phase_valid;
  end

  always_ff @(posedge clk_i) begin
    if (phase_valid) products_q <= multiplied(phase, group_codes(phase, codes), inputs, codebooks_i);
  end

  kiln_delay #(
    .Cycles(MultiplyCycles - 1),
    .Width (Mac)
  ) u_multiply (
    .clk_i,
    .rst_ni,
    .valid_i(products_valid_q),
    .data_i (products_q),
    .valid_o(unused_products_valid),
    .data_o (products)
  );

  function automatic logic [Sums-1:0] accumulated(input logic [Sums-1:0] sums, input logic first,
                                                  input logic [15:0] group, input logic [Mac-1:0] terms);
    accumulated = sums;
    for (int unsigned g = 0; g < Groups; g++) begin
      if (group == 16'(g)) begin
        for (int unsigned m = 0; m < MacLanes && g * MacLanes + m < Columns; m++) begin
          accumulated[21*(g*MacLanes+m) +: 21] =
              (first ? 21'd0 : sums[21*(g*MacLanes+m) +: 21]) + terms[21*m +: 21];
        end
      end
    end
  endfunction

  always_ff @(posedge clk_i) begin : accumulate
    logic [Sums-1:0] sums;
    if (acc_valid_i || acc_end_i) begin
      sums = acc_valid_i ? accumulated(acc_q, acc_first_i, acc_phase_i, products) : acc_q;
      acc_q <= sums;
      if (acc_end_i) hold_q <= sums;
    end
  end

  always_comb begin
    p_o = hold_q[0 +: 21*Lanes];
    if (slot_valid_i) begin
      for (int unsigned s = 1; s < Slots; s++) begin
        if (slot_index_i == 16'(s)) p_o = hold_q[21*Lanes*s +: 21*Lanes];
      end
    end
  end

endmodule
