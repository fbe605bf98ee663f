// The attention unit with its KV SRAM, of one user's tokens, for all layers. In: beats of k, then
// v, then q (codes, then exponents of the heads in the beat). Out: beats of the result, in the
// basis of v. ctx = position_i + 1 tokens are read; position 0 begins anew. Timing:
// docs/units/attention_unit.md; arithmetic: docs/numerics.md, "KV cache and attention". HeadDim
// divides BeatElements, KvHeads divides Heads.
module kiln_attention_unit #(
  parameter int unsigned Heads = 1,
  parameter int unsigned KvHeads = 1,
  parameter int unsigned HeadDim = 64,
  parameter int unsigned Layers = 1,
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Capacity = 1,
  parameter int unsigned InputLanes = 64,
  parameter int unsigned HeadsParallel = 1,
  parameter int unsigned TokensParallel = 1,
  parameter int unsigned SoftmaxLanes = 1,
  parameter int unsigned OutputLanes = 64,
  parameter int unsigned ScoreCycles = 1,
  parameter int unsigned SoftmaxCycles = 1,
  parameter int unsigned ValueCycles = 1,
  parameter int unsigned ReciprocalCycles = 1,
  parameter int unsigned Banks = 1,
  parameter int unsigned Ports = 1,
  parameter int unsigned WidthBytes = 1,
  parameter int unsigned DepthWords = 128,
  parameter int unsigned KvReadCycles = 1,
  parameter int unsigned KvWriteCycles = 1,
  parameter int unsigned RowPadWords = 0,
  parameter logic [31:0] ScoreFactor = 32'h3f80_0000,
  localparam int unsigned Groups = (HeadDim + 63) / 64,
  localparam int unsigned BeatHeads = BeatElements / HeadDim,
  localparam int unsigned InWidth = 8 * BeatElements + 9 * BeatHeads * Groups,
  localparam int unsigned OutWidth = 32 * BeatElements
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic [31:0]         position_i,
  input  logic [15:0]         layer_i,
  input  logic                qkv_valid_i,
  output logic                qkv_ready_o,
  input  logic [InWidth-1:0]  qkv_data_i,
  output logic                y_valid_o,
  input  logic                y_ready_i,
  output logic [OutWidth-1:0] y_data_o
);

  localparam int unsigned RowWords = (HeadDim + WidthBytes - 1) / WidthBytes;
  localparam int unsigned TokenWords = KvHeads * RowWords + RowPadWords;
  localparam int unsigned BeatWords = ((BeatHeads < KvHeads) ? BeatHeads : KvHeads) * RowWords;
  localparam int unsigned LanePace = (BeatElements + InputLanes - 1) / InputLanes;
  localparam int unsigned BankPace = (BeatWords + Banks - 1) / Banks;
  localparam int unsigned Pace = (LanePace > BankPace) ? LanePace : BankPace;
  localparam int unsigned WriteWords = (BeatWords + Pace - 1) / Pace;

  localparam int unsigned Tokens = (TokensParallel < Capacity) ? TokensParallel : Capacity;
  localparam int unsigned BlockHeads = (HeadsParallel < KvHeads) ? HeadsParallel : KvHeads;
  localparam int unsigned Lanes =
      (Tokens * BlockHeads < Banks * Ports) ? Tokens * BlockHeads : Banks * Ports;
  localparam int unsigned OutLanes = (OutputLanes < BeatElements) ? OutputLanes : BeatElements;
  localparam int unsigned Blocks = (Capacity + Tokens - 1) / Tokens;
  localparam int unsigned HeadBlocks = (KvHeads + BlockHeads - 1) / BlockHeads;
  localparam int unsigned BlockBits = (Blocks > 1) ? $clog2(Blocks) : 1;
  localparam int unsigned HeadBlockBits = (HeadBlocks > 1) ? $clog2(HeadBlocks) : 1;
  localparam int unsigned WordBits = (RowWords > 1) ? $clog2(RowWords) : 1;
  localparam int unsigned TokenBits = (Tokens > 1) ? $clog2(Tokens) : 1;
  localparam int unsigned HeadBits = (BlockHeads > 1) ? $clog2(BlockHeads) : 1;
  localparam int unsigned LayerBits = (Layers > 1) ? $clog2(Layers) : 1;

  localparam int unsigned QBeats = (Heads + BeatHeads - 1) / BeatHeads;
  localparam int unsigned ExponentsWidth = 9 * BeatHeads * Groups;

  // A row of the buffer holds a block of tokens. The softmax lanes meet as many rows as they span
  // from any place in the first one on; the window is the power of two above.
  localparam int unsigned Elements = Tokens * Heads;
  localparam int unsigned SoftLanes =
      (SoftmaxLanes < Heads * Capacity) ? SoftmaxLanes : Heads * Capacity;
  localparam int unsigned SpanRows = (Elements % SoftLanes == 0) ? 1 :
      (SoftLanes % Elements == 0) ? SoftLanes / Elements :
      (SoftLanes + Elements - 2) / Elements + 1;
  localparam int unsigned Rows = 32'd1 << $clog2(SpanRows);

  logic [31:0] context_tokens;
  assign context_tokens = position_i + 32'd1;

  // In: beats of k, v and q
  logic                             write, write_values;
  logic [31:0]                      write_word;
  logic [8*WriteWords*WidthBytes-1:0] write_data;
  logic [WriteWords*WidthBytes-1:0] write_bytes;
  logic                             k_exponents_valid, v_exponents_valid;
  logic [31:0]                      first_head;
  logic [ExponentsWidth-1:0]        exponents;
  logic [8*QBeats*BeatElements-1:0] q_codes;
  logic [QBeats*ExponentsWidth-1:0] q_exponents;
  logic                             start_keys, done;

  kiln_attention_input #(
    .Heads        (Heads),
    .KvHeads      (KvHeads),
    .HeadDim      (HeadDim),
    .BeatElements (BeatElements),
    .Pace         (Pace),
    .KvWriteCycles(KvWriteCycles),
    .WidthBytes   (WidthBytes),
    .TokenWords   (TokenWords),
    .WriteWords   (WriteWords)
  ) u_input (
    .clk_i,
    .rst_ni,
    .position_i,
    .qkv_valid_i,
    .qkv_ready_o,
    .qkv_data_i,
    .write_o       (write),
    .write_values_o(write_values),
    .write_word_o  (write_word),
    .write_data_o  (write_data),
    .write_bytes_o (write_bytes),
    .k_exponents_o (k_exponents_valid),
    .v_exponents_o (v_exponents_valid),
    .first_head_o  (first_head),
    .exponents_o   (exponents),
    .q_codes_o     (q_codes),
    .q_exponents_o (q_exponents),
    .start_o       (start_keys),
    .done_i        (done)
  );

  // The KV SRAM: the walk over keys, later that over values
  logic                             start_values, values_q;
  logic                             words_valid, words_last, words_begin;
  logic [BlockBits-1:0]             block;
  logic [HeadBlockBits-1:0]         head_block;
  logic [WordBits-1:0]              word;
  logic [Lanes-1:0]                 lane_valid;
  logic [Lanes*TokenBits-1:0]       lane_token;
  logic [Lanes*HeadBits-1:0]        lane_head;
  logic [8*Lanes*WidthBytes-1:0]    lane_word;

  kiln_kv_sram #(
    .KvHeads       (KvHeads),
    .HeadDim       (HeadDim),
    .Layers        (Layers),
    .Capacity      (Capacity),
    .TokensParallel(TokensParallel),
    .HeadsParallel (HeadsParallel),
    .Banks         (Banks),
    .Ports         (Ports),
    .WidthBytes    (WidthBytes),
    .DepthWords    (DepthWords),
    .ReadCycles    (KvReadCycles),
    .RowPadWords   (RowPadWords),
    .WriteWords    (WriteWords)
  ) u_kv (
    .clk_i,
    .rst_ni,
    .layer_i,
    .write_i       (write),
    .write_values_i(write_values),
    .write_word_i  (write_word),
    .write_data_i  (write_data),
    .write_bytes_i (write_bytes),
    .read_i        (start_keys || start_values),
    .read_values_i (start_values),
    .read_tokens_i (context_tokens),
    .valid_o       (words_valid),
    .last_o        (words_last),
    .begin_o       (words_begin),
    .block_o       (block),
    .head_block_o  (head_block),
    .word_o        (word),
    .lane_valid_o  (lane_valid),
    .lane_token_o  (lane_token),
    .lane_head_o   (lane_head),
    .lane_word_o   (lane_word)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) values_q <= 1'b0;
    else if (start_keys) values_q <= 1'b0;
    else if (start_values) values_q <= 1'b1;
  end

  // Side arrays
  logic [9*Tokens*KvHeads*Groups-1:0] k_exponents, v_exponents;
  logic [9*KvHeads*Groups-1:0]        largest_v_exponents;

  kiln_attention_exponents #(
    .KvHeads  (KvHeads),
    .Groups   (Groups),
    .BeatHeads(BeatHeads),
    .Layers   (Layers),
    .Capacity (Capacity),
    .Tokens   (Tokens)
  ) u_k_exponents (
    .clk_i,
    .layer_i,
    .write_i     (k_exponents_valid),
    .token_i     (position_i),
    .first_head_i(first_head),
    .exponents_i (exponents),
    .read_i      (words_valid && !values_q),
    .block_i     (block),
    .row_o       (k_exponents)
  );

  kiln_attention_exponents #(
    .KvHeads  (KvHeads),
    .Groups   (Groups),
    .BeatHeads(BeatHeads),
    .Layers   (Layers),
    .Capacity (Capacity),
    .Tokens   (Tokens)
  ) u_v_exponents (
    .clk_i,
    .layer_i,
    .write_i     (v_exponents_valid),
    .token_i     (position_i),
    .first_head_i(first_head),
    .exponents_i (exponents),
    .read_i      (words_valid && values_q),
    .block_i     (block),
    .row_o       (v_exponents)
  );

  kiln_attention_largest #(
    .KvHeads  (KvHeads),
    .Groups   (Groups),
    .BeatHeads(BeatHeads),
    .Layers   (Layers)
  ) u_largest (
    .clk_i,
    .layer_i     (LayerBits'(layer_i)),
    .write_i     (v_exponents_valid),
    .begin_i     (position_i == '0),
    .first_head_i(first_head),
    .exponents_i (exponents),
    .largest_o   (largest_v_exponents)
  );

  // Scores
  logic                       scores_write, scores_last;
  logic [BlockBits-1:0]       scores_block;
  logic [Elements-1:0]        scores_mask;
  logic [32*Elements-1:0]     scores;
  logic [32*Heads-1:0]        largest_scores;

  kiln_attention_scores #(
    .Heads        (Heads),
    .KvHeads      (KvHeads),
    .HeadDim      (HeadDim),
    .BeatElements (BeatElements),
    .Tokens       (Tokens),
    .BlockHeads   (BlockHeads),
    .Lanes        (Lanes),
    .WidthBytes   (WidthBytes),
    .BlockBits    (BlockBits),
    .HeadBlockBits(HeadBlockBits),
    .ScoreCycles  (ScoreCycles),
    .ScoreFactor  (ScoreFactor)
  ) u_scores (
    .clk_i,
    .rst_ni,
    .start_i      (start_keys),
    .q_codes_i    (q_codes),
    .q_exponents_i(q_exponents),
    .k_exponents_i(k_exponents),
    .valid_i      (words_valid && !values_q),
    .last_i       (words_last),
    .block_i      (block),
    .head_block_i (head_block),
    .word_i       (word),
    .lane_valid_i (lane_valid),
    .lane_token_i (lane_token),
    .lane_head_i  (lane_head),
    .lane_word_i  (lane_word),
    .write_o      (scores_write),
    .last_o       (scores_last),
    .block_o      (scores_block),
    .mask_o       (scores_mask),
    .scores_o     (scores),
    .largest_o    (largest_scores)
  );

  // Softmax, in the buffer of the scores
  logic                        soft_read, soft_write, soft_last;
  logic [BlockBits-1:0]        soft_read_row, soft_write_row;
  logic [Rows*Elements-1:0]    soft_mask;
  logic [32*Rows*Elements-1:0] probabilities, window;
  logic [48*Heads-1:0]         probability_sums;

  kiln_attention_buffer #(
    .Elements(Elements),
    .Rows    (Rows),
    .Depth   (Blocks)
  ) u_buffer (
    .clk_i,
    .write_i     (scores_write || soft_write),
    .write_row_i (scores_write ? scores_block : soft_write_row),
    .write_mask_i(scores_write ? (Rows*Elements)'(scores_mask) : soft_mask),
    .write_data_i(scores_write ? (32*Rows*Elements)'(scores) : probabilities),
    .read_i      (soft_read || (words_valid && values_q)),
    .read_row_i  (soft_read ? soft_read_row : block),
    .read_data_o (window)
  );

  kiln_attention_softmax #(
    .Heads        (Heads),
    .Elements     (Elements),
    .Rows         (Rows),
    .RowBits      (BlockBits),
    .SoftmaxLanes (SoftLanes),
    .SoftmaxCycles(SoftmaxCycles)
  ) u_softmax (
    .clk_i,
    .rst_ni,
    .start_i        (scores_last),
    .tokens_i       (context_tokens),
    .largest_i      (largest_scores),
    .read_o         (soft_read),
    .read_row_o     (soft_read_row),
    .scores_i       (window),
    .write_o        (soft_write),
    .last_o         (soft_last),
    .write_row_o    (soft_write_row),
    .mask_o         (soft_mask),
    .probabilities_o(probabilities),
    .sums_o         (probability_sums)
  );

  assign start_values = soft_last;

  // Values and the division
  logic                     values_last, sums_read;
  logic [31:0]              sums_element;
  logic [64*OutLanes-1:0]   sums;
  logic [9*OutLanes-1:0]    sums_exponents;
  logic                     push, unused_empty;
  logic [OutWidth-1:0]      beat;

  kiln_attention_values #(
    .Heads        (Heads),
    .KvHeads      (KvHeads),
    .HeadDim      (HeadDim),
    .Tokens       (Tokens),
    .BlockHeads   (BlockHeads),
    .Lanes        (Lanes),
    .OutputLanes  (OutLanes),
    .WidthBytes   (WidthBytes),
    .HeadBlockBits(HeadBlockBits),
    .ValueCycles  (ValueCycles)
  ) u_values (
    .clk_i,
    .rst_ni,
    .probabilities_i(window[32*Elements-1:0]),
    .v_exponents_i  (v_exponents),
    .largest_i      (largest_v_exponents),
    .valid_i        (words_valid && values_q),
    .last_i         (words_last),
    .begin_i        (words_begin),
    .head_block_i   (head_block),
    .word_i         (word),
    .lane_valid_i   (lane_valid),
    .lane_token_i   (lane_token),
    .lane_head_i    (lane_head),
    .lane_word_i    (lane_word),
    .last_o         (values_last),
    .read_i         (sums_read),
    .element_i      (sums_element),
    .sums_o         (sums),
    .exponents_o    (sums_exponents)
  );

  kiln_attention_output #(
    .Heads           (Heads),
    .HeadDim         (HeadDim),
    .BeatElements    (BeatElements),
    .OutputLanes     (OutLanes),
    .ReciprocalCycles(ReciprocalCycles)
  ) u_output (
    .clk_i,
    .rst_ni,
    .start_i           (values_last),
    .probability_sums_i(probability_sums),
    .read_o            (sums_read),
    .element_o         (sums_element),
    .sums_i            (sums),
    .exponents_i       (sums_exponents),
    .push_o            (push),
    .beat_o            (beat)
  );

  kiln_output_buffer #(
    .Width(OutWidth),
    .Depth(QBeats)
  ) u_buffer_out (
    .clk_i,
    .rst_ni,
    .push_i (push),
    .data_i (beat),
    .valid_o(y_valid_o),
    .ready_i(y_ready_i),
    .data_o (y_data_o),
    .empty_o(unused_empty)
  );

  // The operation is over when its last beat leaves.
  localparam int unsigned LeftBits = $clog2(QBeats + 1);
  logic                leave;
  logic [LeftBits-1:0] gone_q;  // beats that left

  assign leave = y_valid_o && y_ready_i;
  assign done  = leave && gone_q == LeftBits'(QBeats - 1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) gone_q <= '0;
    else if (leave) gone_q <= done ? '0 : gone_q + LeftBits'(1);
  end

endmodule
