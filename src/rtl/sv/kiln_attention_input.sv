// Takes the beats of k, v and q, one each Pace cycles: during the Pace cycles after a beat was taken
// it writes the rows of k and v to the KV SRAM, WriteWords words a cycle, and keeps q, Lanes
// elements a cycle. Exponents, one for up to 64 elements, have no lanes: those of a beat go over in
// the first of these cycles. start_o goes up in the cycle before the first read: KvWriteCycles
// + Pace - 2 after the last beat. Then no beat is taken until done_i. docs/units/attention_unit.md
module kiln_attention_input #(
  parameter int unsigned Heads = 1,
  parameter int unsigned KvHeads = 1,
  parameter int unsigned HeadDim = 8,
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Pace = 1,
  parameter int unsigned KvWriteCycles = 1,
  parameter int unsigned WidthBytes = 1,
  parameter int unsigned TokenWords = 1,
  parameter int unsigned WriteWords = 1,
  localparam int unsigned Groups = (HeadDim + 63) / 64,
  localparam int unsigned BeatHeads = BeatElements / HeadDim,
  localparam int unsigned QBeats = (Heads + BeatHeads - 1) / BeatHeads,
  localparam int unsigned CodesWidth = 8 * BeatElements,
  localparam int unsigned ExponentsWidth = 9 * BeatHeads * Groups,
  localparam int unsigned Width = 8 * WidthBytes
) (
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic [31:0]                          position_i,
  input  logic                                 qkv_valid_i,
  output logic                                 qkv_ready_o,
  input  logic [CodesWidth+ExponentsWidth-1:0] qkv_data_i,
  // to the KV SRAM
  output logic                                 write_o,
  output logic                                 write_values_o,
  output logic [31:0]                          write_word_o,
  output logic [WriteWords*Width-1:0]          write_data_o,
  output logic [WriteWords*WidthBytes-1:0]     write_bytes_o,
  // to the side arrays: exponents of the beat's heads, from first_head_o on
  output logic                                 k_exponents_o,
  output logic                                 v_exponents_o,
  output logic [31:0]                          first_head_o,
  output logic [ExponentsWidth-1:0]            exponents_o,
  output logic [QBeats*CodesWidth-1:0]         q_codes_o,
  output logic [QBeats*ExponentsWidth-1:0]     q_exponents_o,
  output logic                                 start_o,
  input  logic                                 done_i
);

  localparam int unsigned RowWords = (HeadDim + WidthBytes - 1) / WidthBytes;
  localparam int unsigned BeatWords = BeatHeads * RowWords;
  localparam int unsigned KvBeats = (KvHeads + BeatHeads - 1) / BeatHeads;
  localparam int unsigned Beats = 2 * KvBeats + QBeats;
  localparam int unsigned BeatBits = $clog2(Beats + 1);
  localparam int unsigned PaceBits = $clog2(Pace + 1);
  localparam int unsigned LastWait = Pace + KvWriteCycles - 2;  // last beat to start_o
  localparam int unsigned WaitBits = (LastWait > 0) ? $clog2(LastWait + 1) : 1;

  localparam int unsigned Lanes = (BeatElements + Pace - 1) / Pace;

  logic                      open_q, fresh_q, values_q, query_q, take, last;
  logic [BeatBits-1:0]       beats_q;     // taken of this operation
  logic [PaceBits-1:0]       gap_q;       // cycles until the next beat may be taken
  logic [PaceBits-1:0]       part_q, parts_q;  // of that beat: now, and how many are left
  logic [31:0]               beat_q;      // which of k, of v or of q it is
  logic [31:0]               head;        // its first head
  logic [CodesWidth-1:0]     codes_q;     // the beat taken last
  logic [ExponentsWidth-1:0] exponents_q;
  logic [WaitBits-1:0]       wait_q;
  logic                      is_q, is_v;

  assign qkv_ready_o = open_q && gap_q == '0;
  assign take        = qkv_valid_i && qkv_ready_o;
  assign last        = beats_q == BeatBits'(Beats - 1);
  assign is_q        = beats_q >= BeatBits'(2 * KvBeats);
  assign is_v        = beats_q >= BeatBits'(KvBeats);
  assign start_o     = (LastWait == 0) ? take && last : wait_q == WaitBits'(1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      open_q   <= 1'b1;
      beats_q  <= '0;
      gap_q    <= '0;
      fresh_q  <= 1'b0;
      values_q <= 1'b0;
      query_q  <= 1'b0;
      beat_q   <= '0;
      part_q   <= '0;
      parts_q  <= '0;
      wait_q   <= '0;
    end else begin
      fresh_q <= take;
      if (take) begin
        beats_q <= last ? '0 : beats_q + BeatBits'(1);
        gap_q   <= PaceBits'(Pace - 1);
        open_q  <= !last;
      end else begin
        if (gap_q != '0) gap_q <= gap_q - PaceBits'(1);
        if (done_i) open_q <= 1'b1;
      end
      if (take && last) wait_q <= WaitBits'(LastWait);
      else if (wait_q != '0) wait_q <= wait_q - WaitBits'(1);
      if (take) begin
        values_q <= is_v && !is_q;
        query_q  <= is_q;
        beat_q   <= 32'(beats_q) - (is_q ? 2 * KvBeats : is_v ? KvBeats : 32'd0);
        part_q   <= '0;
        parts_q  <= PaceBits'(Pace);
      end else if (parts_q != '0) begin
        part_q  <= part_q + PaceBits'(1);
        parts_q <= parts_q - PaceBits'(1);
      end
    end
  end

  // Data, not reset: what is read of it was written before.
  logic [QBeats*CodesWidth-1:0]     q_codes_q;
  logic [QBeats*ExponentsWidth-1:0] q_exponents_q;

  always_ff @(posedge clk_i) begin
    if (take) {exponents_q, codes_q} <= qkv_data_i;
    if (fresh_q && query_q) q_exponents_q[beat_q*ExponentsWidth +: ExponentsWidth] <= exponents_q;
    if (parts_q != '0 && query_q) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        if (32'(part_q) * Lanes + l < BeatElements) begin
          q_codes_q[beat_q*CodesWidth+8*(32'(part_q)*Lanes+l) +: 8] <= codes_q[8*(32'(part_q)*Lanes+l) +: 8];
        end
      end
    end
  end

  assign q_codes_o     = q_codes_q;
  assign q_exponents_o = q_exponents_q;
  assign k_exponents_o = fresh_q && !values_q && !query_q;
  assign v_exponents_o = fresh_q && values_q;
  assign head          = beat_q * BeatHeads;
  assign first_head_o  = head;
  assign exponents_o   = exponents_q;

  // One part: words [part * WriteWords, ...) of the beat, of which each row begins with a word of
  // its own.
  always_comb begin : write_part
    logic [31:0] word, row, first, element;
    write_o        = 1'b0;
    write_values_o = values_q;
    write_word_o   = '0;
    write_data_o   = (WriteWords * Width)'(0);
    write_bytes_o  = (WriteWords * WidthBytes)'(0);
    word           = '0;
    row            = '0;
    first          = '0;
    element        = '0;
    if (parts_q != '0 && !query_q) begin
      write_o      = 1'b1;
      write_word_o = position_i * TokenWords + head * RowWords + 32'(part_q) * WriteWords;
      for (int unsigned w = 0; w < WriteWords; w++) begin
        word  = 32'(part_q) * WriteWords + w;
        row   = word / RowWords;
        first = (word % RowWords) * WidthBytes;
        if (word < BeatWords && head + row < KvHeads) begin
          for (int unsigned b = 0; b < WidthBytes; b++) begin
            element = first + b;
            if (element < HeadDim) begin
              write_data_o[w*Width+8*b +: 8] = codes_q[8*(row*HeadDim+element) +: 8];
              write_bytes_o[w*WidthBytes+b]  = 1'b1;
            end
          end
        end
      end
    end
  end

endmodule
