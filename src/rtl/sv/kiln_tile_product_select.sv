// Multiply core of a tile, product select: the products of Lines activations with every value of the codebooks are formed
// once (ProductCycles), each cell selects one by its code and the column adds it up. P of a segment is moved to a second
// set of registers with its last accumulation (acc_end_i), from which p_o shows Lanes columns a slot.
// docs/units/product_select.md
module kiln_tile_product_select #(
  parameter int unsigned Rows = 64,
  parameter int unsigned Columns = 16,
  parameter int unsigned Layers = 1,
  parameter int unsigned Lines = 1,
  parameter int unsigned Lanes = 1,
  parameter int unsigned CodeBits = 4,
  parameter int unsigned Books = 1,
  parameter logic [Books*32-1:0] BookEnds = {Books{32'd16}},
  parameter int unsigned ProductCycles = 1,
  parameter CodesFile = ""
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  logic [Books*8*(2**CodeBits)-1:0] codebooks_i,
  input  logic                             issue_valid_i,
  input  logic [Lines*8-1:0]               issue_inputs_i,
  input  logic                             acc_valid_i,
  input  logic                             acc_first_i,
  input  logic                             acc_end_i,
  input  logic [31:0]                      acc_addr_i,
  input  logic                             slot_valid_i,
  input  logic [15:0]                      slot_index_i,
  output logic [Lanes*21-1:0]              p_o
);

  localparam int unsigned Values = 2 ** CodeBits;
  localparam int unsigned Products = Lines * Books * Values * 16;
  localparam int unsigned Word = Lines * Columns * CodeBits;
  localparam int unsigned Row = Columns * CodeBits;
  localparam int unsigned Depth = Layers * Rows;
  localparam int unsigned AddrWidth = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int unsigned Slots = (Columns + Lanes - 1) / Lanes;
  localparam int unsigned Sums = Slots * Lanes * 21;  // nobody reads what the last slot has too many

  logic [Products-1:0]               formed, products;
  logic                              formed_valid_q, unused_products_valid;
  logic [Sums-1:0]                   acc_q, hold_q;

  for (genvar l = 0; l < Lines; l++) begin : g_line
    for (genvar k = 0; k < Books; k++) begin : g_book
      kiln_product_bank #(
        .CodeBits(CodeBits)
      ) u_bank (
        .clk_i,
        .valid_i     (issue_valid_i),
        .activation_i(issue_inputs_i[8*l +: 8]),
        .codebook_i  (codebooks_i[8*Values*k +: 8*Values]),
        .products_o  (formed[16*Values*(l*Books+k) +: 16*Values])
      );
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) formed_valid_q <= 1'b0;
    else formed_valid_q <= issue_valid_i;
  end

  kiln_delay #(
    .Cycles(ProductCycles - 1),
    .Width (Products)
  ) u_drive (
    .clk_i,
    .rst_ni,
    .valid_i(formed_valid_q),
    .data_i (formed),
    .valid_o(unused_products_valid),
    .data_o (products)
  );

  // The cells, a word of codes each row. The rows of a step lie side by side: Lines banks, row modulo Lines, would serve.
  logic [Row-1:0] cells [Depth];

  initial $readmemh(CodesFile, cells);

  function automatic logic [Sums-1:0] selected(input logic [Sums-1:0] sums, input logic first,
                                               input logic [Products-1:0] lines,
                                               input logic [Word-1:0] codes);
    logic [20:0]         sum;
    logic [CodeBits-1:0] code;
    logic [15:0]         product;
    selected = sums;
    for (int unsigned k = 0; k < Books; k++) begin
      for (int unsigned c = (k == 0) ? 0 : BookEnds[32*((k == 0) ? 0 : k-1) +: 32];
           c < BookEnds[32*k +: 32]; c++) begin
        sum = first ? '0 : sums[21*c +: 21];
        for (int unsigned l = 0; l < Lines; l++) begin
          code    = codes[CodeBits*(l*Columns+c) +: CodeBits];
          product = lines[16*(Values*(l*Books+k)+32'(code)) +: 16];
          sum     = sum + {{5{product[15]}}, product};
        end
        selected[21*c +: 21] = sum;
      end
    end
  endfunction

  always_ff @(posedge clk_i) begin : accumulate
    logic [Sums-1:0] sums;
    logic [Word-1:0] codes;
    if (acc_valid_i || acc_end_i) begin
      for (int unsigned l = 0; l < Lines; l++) begin
        codes[Row*l +: Row] = cells[AddrWidth'(acc_addr_i+l)];
      end
      sums = acc_valid_i ? selected(acc_q, acc_first_i, products, codes) : acc_q;
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
