// The KV SRAM: banks side by side; word a of a layer lies in bank a mod Banks. A layer has a region
// of keys, then one of values, which begins at a multiple of Banks where the depth allows it. Word i of head h of token t: t *
// TokenWords + h * RowWords + i. Write: WriteWords (at most Banks) words from write_word_i on,
// those with an enabled byte, in the cycle of write_i; read from the next cycle on. Read: in the
// cycle after read_i the walk over all rows of the region's first read_tokens_i tokens begins; what
// is asked for in cycle t comes out in cycle t + ReadCycles, in lanes. docs/units/kv_sram.md
module kiln_kv_sram #(
  parameter int unsigned KvHeads = 1,
  parameter int unsigned HeadDim = 8,
  parameter int unsigned Layers = 1,
  parameter int unsigned Capacity = 1,
  parameter int unsigned TokensParallel = 1,
  parameter int unsigned HeadsParallel = 1,
  parameter int unsigned Banks = 1,
  parameter int unsigned Ports = 1,
  parameter int unsigned WidthBytes = 1,
  parameter int unsigned DepthWords = 1,
  parameter int unsigned ReadCycles = 1,
  parameter int unsigned RowPadWords = 0,
  parameter int unsigned WriteWords = 1,
  localparam int unsigned RowWords = (HeadDim + WidthBytes - 1) / WidthBytes,
  localparam int unsigned TokenWords = KvHeads * RowWords + RowPadWords,
  localparam int unsigned Width = 8 * WidthBytes,
  localparam int unsigned Tokens = (TokensParallel < Capacity) ? TokensParallel : Capacity,
  localparam int unsigned Heads = (HeadsParallel < KvHeads) ? HeadsParallel : KvHeads,
  localparam int unsigned Blocks = (Capacity + Tokens - 1) / Tokens,
  localparam int unsigned HeadBlocks = (KvHeads + Heads - 1) / Heads,
  localparam int unsigned Lanes = (Tokens * Heads < Banks * Ports) ? Tokens * Heads : Banks * Ports,
  localparam int unsigned TokenBits = (Tokens > 1) ? $clog2(Tokens) : 1,
  localparam int unsigned HeadBits = (Heads > 1) ? $clog2(Heads) : 1,
  localparam int unsigned BlockBits = (Blocks > 1) ? $clog2(Blocks) : 1,
  localparam int unsigned HeadBlockBits = (HeadBlocks > 1) ? $clog2(HeadBlocks) : 1,
  localparam int unsigned WordBits = (RowWords > 1) ? $clog2(RowWords) : 1
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  logic [15:0]                      layer_i,
  input  logic                             write_i,
  input  logic                             write_values_i,
  input  logic [31:0]                      write_word_i,
  input  logic [WriteWords*Width-1:0]      write_data_i,
  input  logic [WriteWords*WidthBytes-1:0] write_bytes_i,
  input  logic                             read_i,
  input  logic                             read_values_i,
  input  logic [31:0]                      read_tokens_i,
  output logic                             valid_o,
  output logic                             last_o,        // the walk's last cycle
  output logic                             begin_o,       // first cycle of the first tokens' step
  output logic [BlockBits-1:0]             block_o,       // of tokens
  output logic [HeadBlockBits-1:0]         head_block_o,
  output logic [WordBits-1:0]              word_o,        // of a row
  output logic [Lanes-1:0]                 lane_valid_o,
  output logic [Lanes*TokenBits-1:0]       lane_token_o,  // in the block
  output logic [Lanes*HeadBits-1:0]        lane_head_o,   // in the block of heads
  output logic [Lanes*Width-1:0]           lane_word_o
);

  localparam int unsigned Depth = Layers * DepthWords;
  localparam int unsigned AddrBits = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int unsigned BankBits = (Banks > 1) ? $clog2(Banks) : 1;
  localparam int unsigned SlotBits = (Banks * Ports > 1) ? $clog2(Banks * Ports) : 1;
  // Where an odd depth leaves no room for the gap in front of a multiple of Banks, values follow
  // the keys at once: that permutes their banks and changes no cycle.
  localparam int unsigned RegionRows = (Capacity * TokenWords + Banks - 1) / Banks;
  localparam int unsigned FirstValue =
      (2 * RegionRows <= DepthWords) ? RegionRows * Banks : Capacity * TokenWords;

  logic [AddrBits-1:0] layer_row;
  assign layer_row = AddrBits'(32'(layer_i) * DepthWords);

  // Write: one port a bank; consecutive words lie in different banks.
  logic [Banks-1:0]            bank_write;
  logic [Banks*AddrBits-1:0]   bank_row;
  logic [Banks*Width-1:0]      bank_data;
  logic [Banks*WidthBytes-1:0] bank_bytes;

  always_comb begin : spread
    logic [31:0] address, row, bank;
    bank_write = Banks'(0);
    bank_row   = (Banks * AddrBits)'(0);
    bank_data  = (Banks * Width)'(0);
    bank_bytes = (Banks * WidthBytes)'(0);
    address    = '0;
    row        = '0;
    bank       = '0;
    if (write_i) begin
      address = write_word_i + (write_values_i ? FirstValue : 32'd0);
      row     = address / Banks;
      bank    = address % Banks;
      for (int unsigned w = 0; w < WriteWords; w++) begin
        if (|write_bytes_i[w*WidthBytes +: WidthBytes]) begin
          bank_write[BankBits'(bank)]                = 1'b1;
          bank_row[bank*AddrBits +: AddrBits]        = layer_row + AddrBits'(row);
          bank_data[bank*Width +: Width]             = write_data_i[w*Width +: Width];
          bank_bytes[bank*WidthBytes +: WidthBytes]  = write_bytes_i[w*WidthBytes +: WidthBytes];
        end
        bank = bank + 1;
        if (bank == Banks) begin
          bank = '0;
          row  = row + 1;
        end
      end
    end
  end

  // Read
  logic [Banks*Ports-1:0]          read;
  logic [Banks*Ports*AddrBits-1:0] read_row;
  logic [Banks*Ports*Width-1:0]    words;
  localparam int unsigned TagBits =
      2 + BlockBits + HeadBlockBits + WordBits + Lanes * (1 + TokenBits + HeadBits);
  logic                            valid, valid_q, last, first;
  logic [BlockBits-1:0]            block;
  logic [HeadBlockBits-1:0]        head_block;
  logic [WordBits-1:0]             word;
  logic [Lanes-1:0]                lane_valid;
  logic [Lanes*TokenBits-1:0]      lane_token;
  logic [Lanes*HeadBits-1:0]       lane_head;
  logic [Lanes*SlotBits-1:0]       lane_slot, lane_slot_q;
  logic [TagBits-1:0]              tag_q;
  logic [Lanes*Width-1:0]          lane_word;

  kiln_kv_walk #(
    .KvHeads   (KvHeads),
    .RowWords  (RowWords),
    .TokenWords(TokenWords),
    .Capacity  (Capacity),
    .Tokens    (Tokens),
    .Heads     (Heads),
    .Banks     (Banks),
    .Ports     (Ports),
    .Lanes     (Lanes),
    .AddrBits  (AddrBits)
  ) u_walk (
    .clk_i,
    .rst_ni,
    .start_i     (read_i),
    .start_row_i (layer_row + (read_values_i ? AddrBits'(FirstValue / Banks) : AddrBits'(0))),
    .start_bank_i(read_values_i ? BankBits'(FirstValue % Banks) : BankBits'(0)),
    .tokens_i    (read_tokens_i),
    .read_o      (read),
    .row_o       (read_row),
    .valid_o     (valid),
    .last_o      (last),
    .begin_o     (first),
    .block_o     (block),
    .head_block_o(head_block),
    .word_o      (word),
    .lane_valid_o(lane_valid),
    .lane_token_o(lane_token),
    .lane_head_o (lane_head),
    .lane_slot_o (lane_slot)
  );

  for (genvar b = 0; b < Banks; b++) begin : g_bank
    kiln_kv_bank #(
      .Depth     (Depth),
      .WidthBytes(WidthBytes),
      .Ports     (Ports)
    ) u_bank (
      .clk_i,
      .write_i      (bank_write[b]),
      .write_addr_i (bank_row[b*AddrBits +: AddrBits]),
      .write_data_i (bank_data[b*Width +: Width]),
      .write_bytes_i(bank_bytes[b*WidthBytes +: WidthBytes]),
      .read_i       (read[b*Ports +: Ports]),
      .read_addr_i  (read_row[b*Ports*AddrBits +: Ports*AddrBits]),
      .read_data_o  (words[b*Ports*Width +: Ports*Width])
    );
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 1'b0;
    else valid_q <= valid;
  end

  always_ff @(posedge clk_i) begin
    if (valid) begin
      tag_q       <= {last, first, block, head_block, word, lane_valid, lane_token, lane_head};
      lane_slot_q <= lane_slot;
    end
  end

  // The words as the banks gave them, to the lanes that asked.
  always_comb begin : to_lanes
    logic [$clog2(Banks*Ports*Width)-1:0] at;
    at        = '0;
    lane_word = (Lanes * Width)'(0);
    if (valid_q) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        at = $bits(at)'(32'(lane_slot_q[l*SlotBits +: SlotBits]) * Width);
        lane_word[l*Width +: Width] = words[at +: Width];
      end
    end
  end

  kiln_delay #(
    .Cycles(ReadCycles - 1),
    .Width (TagBits + Lanes * Width)
  ) u_delay (
    .clk_i,
    .rst_ni,
    .valid_i(valid_q),
    .data_i ({tag_q, lane_word}),
    .valid_o(valid_o),
    .data_o ({last_o, begin_o, block_o, head_block_o, word_o, lane_valid_o, lane_token_o, lane_head_o,
              lane_word_o})
  );

endmodule
