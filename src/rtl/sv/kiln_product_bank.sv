// All 2^CodeBits products of an activation with the values of a codebook, registered: what enters in cycle t is there
// from t + 1 on. Product v, s(15), is sign-extended to 16 bits at [16*v +: 16]. docs/units/product_select.md
module kiln_product_bank #(
  parameter int unsigned CodeBits = 4
) (
  input  logic                       clk_i,
  input  logic                       valid_i,
  input  logic [7:0]                 activation_i,
  input  logic [8*(2**CodeBits)-1:0]  codebook_i,
  output logic [16*(2**CodeBits)-1:0] products_o
);

  localparam int unsigned Values = 2 ** CodeBits;

  logic [16*Values-1:0] products_q;

  function automatic logic [16*Values-1:0] form(input logic [7:0] activation,
                                                input logic [8*Values-1:0] codebook);
    logic signed [14:0] product;  // at most 127 * 127
    for (int unsigned v = 0; v < Values; v++) begin
      product = 15'($signed(activation)) * 15'($signed(codebook[8*v +: 8]));
      form[16*v +: 16] = {product[14], product};
    end
  endfunction

  always_ff @(posedge clk_i) begin
    if (valid_i) products_q <= form(activation_i, codebook_i);
  end

  assign products_o = products_q;

endmodule
