// Scores: each lane multiplies its word of keys with the queries of the Shared heads that read it,
// adds up exact dot products per group, and with a row's last word gives Shared scores (steps 1 to
// 3 of docs/numerics.md, "KV cache and attention"). Scores come out, and are in largest_o from the
// next cycle on, ScoreCycles after their last word. The lanes' codes and exponents beyond a head's
// end do not matter. docs/units/attention_unit.md
module kiln_attention_scores #(
  parameter int unsigned Heads = 1,
  parameter int unsigned KvHeads = 1,
  parameter int unsigned HeadDim = 8,
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Tokens = 1,       // of a block
  parameter int unsigned BlockHeads = 1,   // KV heads of a block
  parameter int unsigned Lanes = 1,
  parameter int unsigned WidthBytes = 1,
  parameter int unsigned BlockBits = 1,
  parameter int unsigned HeadBlockBits = 1,
  parameter int unsigned ScoreCycles = 1,
  parameter logic [31:0] ScoreFactor = 32'h3f80_0000,
  localparam int unsigned Groups = (HeadDim + 63) / 64,
  localparam int unsigned QBeats = (Heads * HeadDim + BeatElements - 1) / BeatElements,
  localparam int unsigned QHeads = QBeats * BeatElements / HeadDim,  // with padding
  localparam int unsigned Shared = Heads / KvHeads,
  localparam int unsigned RowWords = (HeadDim + WidthBytes - 1) / WidthBytes,
  localparam int unsigned WordBits = (RowWords > 1) ? $clog2(RowWords) : 1,
  localparam int unsigned TokenBits = (Tokens > 1) ? $clog2(Tokens) : 1,
  localparam int unsigned HeadBits = (BlockHeads > 1) ? $clog2(BlockHeads) : 1,
  localparam int unsigned Width = 8 * WidthBytes
) (
  input  logic                               clk_i,
  input  logic                               rst_ni,
  input  logic                               start_i,  // before the first word
  input  logic [8*QHeads*HeadDim-1:0]        q_codes_i,
  input  logic [9*QHeads*Groups-1:0]         q_exponents_i,
  input  logic [9*Tokens*KvHeads*Groups-1:0] k_exponents_i,  // of the block
  input  logic                               valid_i,
  input  logic                               last_i,
  input  logic [BlockBits-1:0]               block_i,
  input  logic [HeadBlockBits-1:0]           head_block_i,
  input  logic [WordBits-1:0]                word_i,
  input  logic [Lanes-1:0]                   lane_valid_i,
  input  logic [Lanes*TokenBits-1:0]         lane_token_i,
  input  logic [Lanes*HeadBits-1:0]          lane_head_i,
  input  logic [Lanes*Width-1:0]             lane_word_i,
  // Scores of a block: element token * Heads + head of a row
  output logic                               write_o,
  output logic                               last_o,
  output logic [BlockBits-1:0]               block_o,
  output logic [Tokens*Heads-1:0]            mask_o,
  output logic [32*Tokens*Heads-1:0]         scores_o,
  output logic [32*Heads-1:0]                largest_o
);

  import kiln_pkg::*;

  localparam int unsigned DotBits = 21;
  localparam int unsigned Sums = DotBits * Groups;                   // dot products of one head
  localparam int unsigned DotsWidth = Tokens * BlockHeads * Shared * Sums;
  localparam int unsigned QueryWidth = 8 * QHeads * HeadDim + Width;  // a word may reach beyond

  // Sum of the products of one word, whose first byte is element `first` of the head, as far as
  // they belong to a group.
  function automatic logic [DotBits-1:0] word_dot(logic [Width-1:0] query, logic [Width-1:0] key,
                                                  logic [31:0] first, logic [31:0] group);
    // verilator no_inline_task
    logic signed [DotBits-1:0] sum;
    sum = '0;
    for (int unsigned b = 0; b < WidthBytes; b++) begin
      if (first + b < HeadDim && (first + b) / 64 == group) begin
        sum = sum + DotBits'($signed(query[8*b +: 8])) * DotBits'($signed(key[8*b +: 8]));
      end
    end
    return sum;
  endfunction

  // Steps 1 and 2: groups meet at the largest exponent, ten bits below a score's unit.
  function automatic logic [31:0] score(logic [Sums-1:0] sums, logic [9*Groups-1:0] query,
                                        logic [9*Groups-1:0] key);
    // verilator no_inline_task
    logic signed [15:0] exponent, largest;
    logic [15:0]        shift;
    logic signed [63:0] total, dot;
    largest = -16'sd512;
    for (int unsigned g = 0; g < Groups; g++) begin
      exponent = 16'($signed(query[9*g +: 9])) + 16'($signed(key[9*g +: 9]));
      if (exponent > largest) largest = exponent;
    end
    total = '0;
    for (int unsigned g = 0; g < Groups; g++) begin
      exponent = 16'($signed(query[9*g +: 9])) + 16'($signed(key[9*g +: 9]));
      shift    = largest - exponent;
      dot      = 64'($signed(sums[g*DotBits +: DotBits])) <<< 10;
      if (shift == 0) total = total + dot;
      else if (shift < 32) total = total + ((dot + (64'sd1 <<< (shift - 1))) >>> shift);
    end
    return fp_mul(fp_from_u64(total < 0, (total < 0) ? -total : total, int'(largest) - 10),
                  ScoreFactor);
  endfunction

  logic [DotsWidth-1:0]         dots_q, dots_d;
  logic [QueryWidth-1:0]        queries;
  logic [32*Lanes*Shared-1:0]   scores;
  logic                         row_ends;

  assign queries  = {Width'(0), q_codes_i};
  assign row_ends = valid_i && word_i == WordBits'(RowWords - 1);

  always_comb begin : multiply
    // Where slices begin has a variable of its own: so it is worked out once a slice in simulation.
    logic [31:0]                   token, kv_head, block_head, head, first;
    logic [$clog2(DotsWidth)-1:0]  dots_at;
    logic [$clog2(QueryWidth)-1:0] query_at;
    logic [31:0]                   exponents_at;
    logic [Sums-1:0]               sums;
    logic [Width-1:0]              query, key;
    dots_d  = dots_q;
    scores  = (32 * Lanes * Shared)'(0);
    token   = '0;
    kv_head = '0;
    block_head = '0;
    head    = '0;
    dots_at  = '0;
    query_at = '0;
    exponents_at = '0;
    key     = Width'(0);
    sums    = Sums'(0);
    query   = Width'(0);
    first   = 32'(word_i) * WidthBytes;
    if (valid_i) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        if (lane_valid_i[l]) begin
          token   = 32'(lane_token_i[l*TokenBits +: TokenBits]);
          block_head = 32'(lane_head_i[l*HeadBits +: HeadBits]);
          kv_head = 32'(head_block_i) * BlockHeads + block_head;
          key     = lane_word_i[l*Width +: Width];
          for (int unsigned s = 0; s < Shared; s++) begin
            head  = kv_head * Shared + s;
            dots_at  = $bits(dots_at)'(((token * BlockHeads + block_head) * Shared + s) * Sums);
            sums     = (word_i == '0) ? Sums'(0) : dots_q[dots_at +: Sums];
            query_at = $bits(query_at)'(8 * (head * HeadDim + first));
            query    = queries[query_at +: Width];
            for (int unsigned g = 0; g < Groups; g++) begin
              sums[DotBits*g +: DotBits] = sums[DotBits*g +: DotBits] +
                                           word_dot(query, key, first, g);
            end
            dots_d[dots_at +: Sums] = sums;
            if (row_ends) begin
              exponents_at = token * KvHeads + kv_head;
              scores[32*(l*Shared+s) +: 32] =
                  score(sums, q_exponents_i[9*Groups*head +: 9*Groups],
                        k_exponents_i[9*Groups*exponents_at +: 9*Groups]);
            end
          end
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) dots_q <= dots_d;
  end

  logic                       done_last;
  logic [HeadBlockBits-1:0]   done_head_block;
  logic [Lanes-1:0]           done_lanes;
  logic [Lanes*TokenBits-1:0] done_token;
  logic [Lanes*HeadBits-1:0]  done_head;
  logic [32*Lanes*Shared-1:0] done_scores;

  kiln_delay #(
    .Cycles(ScoreCycles),
    .Width (1 + BlockBits + HeadBlockBits + Lanes * (1 + TokenBits + HeadBits + 32 * Shared))
  ) u_delay (
    .clk_i,
    .rst_ni,
    .valid_i(row_ends),
    .data_i ({last_i, block_i, head_block_i, lane_valid_i, lane_token_i, lane_head_i, scores}),
    .valid_o(write_o),
    .data_o ({done_last, block_o, done_head_block, done_lanes, done_token, done_head, done_scores})
  );

  assign last_o = write_o && done_last;

  logic [32*Heads-1:0] largest_q, largest_d;

  always_comb begin : collect
    logic [31:0] head, place, value, largest;
    mask_o    = (Tokens * Heads)'(0);
    scores_o  = (32 * Tokens * Heads)'(0);
    largest_d = largest_q;
    head      = '0;
    place     = '0;
    value     = '0;
    largest   = '0;
    if (write_o) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        if (done_lanes[l]) begin
          for (int unsigned s = 0; s < Shared; s++) begin
            head  = 32'(done_head_block) * BlockHeads + 32'(done_head[l*HeadBits +: HeadBits]);
            head  = head * Shared + s;
            place = 32'(done_token[l*TokenBits +: TokenBits]) * Heads + head;
            value = done_scores[32*(l*Shared+s) +: 32];
            largest = largest_d[32*head +: 32];
            mask_o[place]            = 1'b1;
            scores_o[32*place +: 32] = value;
            if (fp_less(largest, value)) largest_d[32*head +: 32] = value;
          end
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) largest_q <= {Heads{32'hff7f_ffff}};  // no score is below it
    else if (write_o) largest_q <= largest_d;
  end

  assign largest_o = largest_q;

endmodule
