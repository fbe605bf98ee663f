// Values: each lane weights its word with the probabilities of the Shared heads that read it; exact
// 64-bit sums over all tokens. Steps 6 and 7 of docs/numerics.md, "KV cache and attention". A word
// is in the sums from ValueCycles + 1 cycles after it came on; last_o goes up a cycle earlier for
// the last one. Sums of a step (a block of heads, a word of their rows) form a row. Read without a
// clock: OutputLanes consecutive elements of the result from element_i on, with E_v of each; zero
// beyond the last. docs/units/attention_unit.md
module kiln_attention_values #(
  parameter int unsigned Heads = 1,
  parameter int unsigned KvHeads = 1,
  parameter int unsigned HeadDim = 8,
  parameter int unsigned Tokens = 1,      // of a block
  parameter int unsigned BlockHeads = 1,  // KV heads of a block
  parameter int unsigned Lanes = 1,
  parameter int unsigned OutputLanes = 1,
  parameter int unsigned WidthBytes = 1,
  parameter int unsigned HeadBlockBits = 1,
  parameter int unsigned ValueCycles = 1,
  localparam int unsigned Groups = (HeadDim + 63) / 64,
  localparam int unsigned Shared = Heads / KvHeads,
  localparam int unsigned RowWords = (HeadDim + WidthBytes - 1) / WidthBytes,
  localparam int unsigned WordBits = (RowWords > 1) ? $clog2(RowWords) : 1,
  localparam int unsigned TokenBits = (Tokens > 1) ? $clog2(Tokens) : 1,
  localparam int unsigned HeadBits = (BlockHeads > 1) ? $clog2(BlockHeads) : 1,
  localparam int unsigned Width = 8 * WidthBytes
) (
  input  logic                               clk_i,
  input  logic                               rst_ni,
  input  logic [32*Tokens*Heads-1:0]         probabilities_i,  // of the block
  input  logic [9*Tokens*KvHeads*Groups-1:0] v_exponents_i,    // of the block
  input  logic [9*KvHeads*Groups-1:0]        largest_i,        // E_v
  input  logic                               valid_i,
  input  logic                               last_i,
  input  logic                               begin_i,          // the sums of this step begin
  input  logic [HeadBlockBits-1:0]           head_block_i,
  input  logic [WordBits-1:0]                word_i,
  input  logic [Lanes-1:0]                   lane_valid_i,
  input  logic [Lanes*TokenBits-1:0]         lane_token_i,
  input  logic [Lanes*HeadBits-1:0]          lane_head_i,
  input  logic [Lanes*Width-1:0]             lane_word_i,
  output logic                               last_o,
  input  logic                               read_i,
  input  logic [31:0]                        element_i,
  output logic [64*OutputLanes-1:0]          sums_o,
  output logic [9*OutputLanes-1:0]           exponents_o
);

  localparam int unsigned HeadBlocks = (KvHeads + BlockHeads - 1) / BlockHeads;
  localparam int unsigned Rows = HeadBlocks * RowWords;
  localparam int unsigned RowBits = (Rows > 1) ? $clog2(Rows) : 1;
  localparam int unsigned RowWidth = 64 * BlockHeads * Shared * WidthBytes;
  localparam int unsigned LaneWeights = Shared * Groups;

  // floor(p * 2^(8 - shift) + 1/2), 0 from 33 on
  function automatic logic [31:0] weight(logic [23:0] p, logic signed [8:0] largest,
                                         logic signed [8:0] exponent);
    logic [32:0] half;
    logic [9:0]  shift;
    shift = 10'(largest) - 10'(exponent);
    half  = (shift == 0 || shift > 32) ? 33'h0 : 33'h1 << (shift - 1);
    return (shift > 32) ? 32'h0 : 32'((33'({p, 8'h0}) + half) >> shift);
  endfunction

  logic [32*Lanes*LaneWeights-1:0] weights;

  always_comb begin : form_weights
    logic [31:0]       token, kv_head, place;
    logic [23:0]       power;
    logic signed [8:0] largest;
    weights = (32 * Lanes * LaneWeights)'(0);
    token   = '0;
    kv_head = '0;
    place   = '0;
    power   = '0;
    largest = '0;
    if (valid_i) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        if (lane_valid_i[l]) begin
          token   = 32'(lane_token_i[l*TokenBits +: TokenBits]);
          kv_head = 32'(head_block_i) * BlockHeads + 32'(lane_head_i[l*HeadBits +: HeadBits]);
          for (int unsigned s = 0; s < Shared; s++) begin
            place = token * Heads + kv_head * Shared + s;
            power = probabilities_i[32*place +: 24];
            for (int unsigned g = 0; g < Groups; g++) begin
              place   = kv_head * Groups + g;
              largest = largest_i[9*place +: 9];
              place   = place + token * KvHeads * Groups;
              weights[32*(l*LaneWeights+s*Groups+g) +: 32] =
                  weight(power, largest, v_exponents_i[9*place +: 9]);
            end
          end
        end
      end
    end
  end

  logic                            add, add_last, add_begin;
  logic [HeadBlockBits-1:0]        add_head_block;
  logic [WordBits-1:0]             add_word;
  logic [Lanes-1:0]                add_lanes;
  logic [Lanes*HeadBits-1:0]       add_head;
  logic [Lanes*Width-1:0]          add_words;
  logic [32*Lanes*LaneWeights-1:0] add_weights;

  kiln_delay #(
    .Cycles(ValueCycles),
    .Width (2 + HeadBlockBits + WordBits + Lanes * (1 + HeadBits + Width + 32 * LaneWeights))
  ) u_delay (
    .clk_i,
    .rst_ni,
    .valid_i(valid_i),
    .data_i ({last_i, begin_i, head_block_i, word_i, lane_valid_i, lane_head_i, lane_word_i,
              weights}),
    .valid_o(add),
    .data_o ({add_last, add_begin, add_head_block, add_word, add_lanes, add_head, add_words,
              add_weights})
  );

  assign last_o = add && add_last;

  logic [RowWidth-1:0] rows_q [Rows];
  logic [RowWidth-1:0] row_d;
  logic [RowBits-1:0]  row;

  assign row = RowBits'(32'(add_head_block) * RowWords + 32'(add_word));

  always_comb begin : accumulate
    logic [31:0]                               place, element;
    logic [$clog2(RowWidth)-1:0]               sum_at;
    logic [$clog2(32*Lanes*LaneWeights)-1:0]   weight_at;
    logic signed [63:0]                        factor, sum;
    row_d   = RowWidth'(0);
    place   = '0;
    element = '0;
    sum_at  = '0;
    weight_at = '0;
    factor  = '0;
    sum     = '0;
    if (add) begin
      if (!add_begin) row_d = rows_q[row];
      for (int unsigned l = 0; l < Lanes; l++) begin
        if (add_lanes[l]) begin
          for (int unsigned b = 0; b < WidthBytes; b++) begin
            element = 32'(add_word) * WidthBytes + b;
            if (element < HeadDim) begin
              for (int unsigned s = 0; s < Shared; s++) begin
                place  = 32'(add_head[l*HeadBits +: HeadBits]) * Shared + s;
                sum_at = $bits(sum_at)'(64 * (place * WidthBytes + b));
                weight_at = $bits(weight_at)'(32 * (l * LaneWeights + s * Groups + element / 64));
                factor = 64'(add_weights[weight_at +: 32]);
                sum    = row_d[sum_at +: 64];
                row_d[sum_at +: 64] = sum + factor * 64'($signed(add_words[l*Width+8*b +: 8]));
              end
            end
          end
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (add) rows_q[row] <= row_d;
  end

  always_comb begin : read_sums
    logic [31:0]        element, head, channel, kv_head, place, group;
    logic [RowBits-1:0] from;
    sums_o      = (64 * OutputLanes)'(0);
    exponents_o = (9 * OutputLanes)'(0);
    element     = '0;
    head        = '0;
    channel     = '0;
    kv_head     = '0;
    place       = '0;
    from        = '0;
    group       = '0;
    if (read_i) begin
      for (int unsigned l = 0; l < OutputLanes; l++) begin
        element = element_i + l;
        if (element < Heads * HeadDim) begin
          head    = element / HeadDim;
          channel = element % HeadDim;
          kv_head = head / Shared;
          place   = (kv_head % BlockHeads) * Shared + head % Shared;
          place   = place * WidthBytes + channel % WidthBytes;
          from    = RowBits'(kv_head / BlockHeads * RowWords + channel / WidthBytes);
          sums_o[64*l +: 64] = rows_q[from][64*place +: 64];
          group   = kv_head * Groups + channel / 64;
          exponents_o[9*l +: 9] = largest_i[9*group +: 9];
        end
      end
    end
  end

endmodule
