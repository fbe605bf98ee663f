// E_v: the largest exponent of v over all tokens so far, of each layer, KV head and group; position
// 0 begins anew. [9 * (head * Groups + group) +: 9] of the layer's. docs/numerics.md, "KV cache and
// attention", step 6
module kiln_attention_largest #(
  parameter int unsigned KvHeads = 1,
  parameter int unsigned Groups = 1,
  parameter int unsigned BeatHeads = 1,
  parameter int unsigned Layers = 1,
  localparam int unsigned LayerBits = (Layers > 1) ? $clog2(Layers) : 1
) (
  input  logic                          clk_i,
  input  logic [LayerBits-1:0]          layer_i,
  input  logic                          write_i,
  input  logic                          begin_i,  // position 0
  input  logic [31:0]                   first_head_i,
  input  logic [9*BeatHeads*Groups-1:0] exponents_i,
  output logic [9*KvHeads*Groups-1:0]   largest_o
);

  logic [9*KvHeads*Groups-1:0] largest_q [Layers];
  logic [9*KvHeads*Groups-1:0] largest_d;

  assign largest_o = largest_q[layer_i];

  always_comb begin : compare
    logic signed [8:0] now, past;
    logic [31:0]       at;
    largest_d = largest_o;
    now       = '0;
    past      = '0;
    at        = '0;
    if (write_i) begin
      for (int unsigned i = 0; i < BeatHeads * Groups; i++) begin
        at = first_head_i * Groups + i;
        if (at < KvHeads * Groups) begin
          now    = exponents_i[9*i +: 9];
          past   = largest_o[9*at +: 9];
          if (begin_i || now > past) largest_d[9*at +: 9] = now;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (write_i) largest_q[layer_i] <= largest_d;
  end

endmodule
