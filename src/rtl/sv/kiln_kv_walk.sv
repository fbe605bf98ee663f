// Walks over all rows of a phase: blocks of Tokens tokens x Heads KV heads, RowWords steps each; in
// a step all rows of the pair ask for their word i. Each bank serves up to Ports of its requests in
// a cycle, in the order of their rows; the step ends when all are served. What is served fills the
// lanes from lane 0 on. docs/units/kv_sram.md The walk begins in the cycle after start_i; last_o
// marks its last cycle. An address is kept as row and bank, so that nothing is divided.
module kiln_kv_walk #(
  parameter int unsigned KvHeads = 1,
  parameter int unsigned RowWords = 1,
  parameter int unsigned TokenWords = 1,
  parameter int unsigned Capacity = 1,
  parameter int unsigned Tokens = 1,
  parameter int unsigned Heads = 1,
  parameter int unsigned Banks = 1,
  parameter int unsigned Ports = 1,
  parameter int unsigned Lanes = 1,
  parameter int unsigned AddrBits = 1,
  localparam int unsigned Blocks = (Capacity + Tokens - 1) / Tokens,
  localparam int unsigned HeadBlocks = (KvHeads + Heads - 1) / Heads,
  localparam int unsigned BankBits = (Banks > 1) ? $clog2(Banks) : 1,
  localparam int unsigned SlotBits = (Banks * Ports > 1) ? $clog2(Banks * Ports) : 1,
  localparam int unsigned TokenBits = (Tokens > 1) ? $clog2(Tokens) : 1,
  localparam int unsigned HeadBits = (Heads > 1) ? $clog2(Heads) : 1,
  localparam int unsigned BlockBits = (Blocks > 1) ? $clog2(Blocks) : 1,
  localparam int unsigned HeadBlockBits = (HeadBlocks > 1) ? $clog2(HeadBlocks) : 1,
  localparam int unsigned WordBits = (RowWords > 1) ? $clog2(RowWords) : 1
) (
  input  logic                            clk_i,
  input  logic                            rst_ni,
  input  logic                            start_i,
  input  logic [AddrBits-1:0]             start_row_i,
  input  logic [BankBits-1:0]             start_bank_i,
  input  logic [31:0]                     tokens_i,      // read; constant during the walk
  output logic [Banks*Ports-1:0]          read_o,
  output logic [Banks*Ports*AddrBits-1:0] row_o,
  output logic                            valid_o,
  output logic                            last_o,
  output logic                            begin_o,       // first cycle of the first tokens' step
  output logic [BlockBits-1:0]            block_o,
  output logic [HeadBlockBits-1:0]        head_block_o,
  output logic [WordBits-1:0]             word_o,
  output logic [Lanes-1:0]                lane_valid_o,
  output logic [Lanes*TokenBits-1:0]      lane_token_o,  // in the block
  output logic [Lanes*HeadBits-1:0]       lane_head_o,   // in the block of heads
  output logic [Lanes*SlotBits-1:0]       lane_slot_o    // bank * Ports + port
);

  localparam int unsigned Requests = Tokens * Heads;
  // From the last word of a pair of blocks to the first word of the next heads, or of the next
  // tokens.
  localparam int unsigned NextHeads = (Heads - 1) * RowWords + 1;
  localparam int unsigned NextTokens =
      Tokens * TokenWords - (HeadBlocks - 1) * Heads * RowWords - RowWords + 1;

  logic                     busy_q;
  logic [31:0]              token_q;
  logic [BlockBits-1:0]     block_q;
  logic [HeadBlockBits-1:0] head_block_q;
  logic [WordBits-1:0]      word_q;
  logic [AddrBits-1:0]      row_q, row_next;
  logic [BankBits-1:0]      bank_q, bank_next;
  logic [Requests-1:0]      served_q, served_d;

  logic step_ends, word_ends, heads_end, tokens_end;

  // {row, bank} of the word `words` behind {row, bank}
  function automatic logic [AddrBits+BankBits-1:0] advance(logic [AddrBits-1:0] row,
                                                           logic [BankBits-1:0] bank,
                                                           logic [31:0] words);
    logic [31:0] sum;
    sum = 32'(bank) + words % Banks;
    if (sum >= Banks) return {row + AddrBits'(words / Banks + 1), BankBits'(sum - Banks)};
    return {row + AddrBits'(words / Banks), BankBits'(sum)};
  endfunction

  always_comb begin : arbitrate
    logic [31:0]              lane;
    logic [SlotBits-1:0]      slot;
    logic [32*Banks-1:0]      used;
    logic [AddrBits-1:0]      row;
    logic [BankBits-1:0]      bank;
    read_o       = (Banks * Ports)'(0);
    row_o        = (Banks * Ports * AddrBits)'(0);
    lane_valid_o = Lanes'(0);
    lane_token_o = (Lanes * TokenBits)'(0);
    lane_head_o  = (Lanes * HeadBits)'(0);
    lane_slot_o  = (Lanes * SlotBits)'(0);
    served_d     = served_q;
    step_ends    = 1'b0;
    lane         = '0;
    slot         = '0;
    used         = (32 * Banks)'(0);
    row          = '0;
    bank         = '0;
    if (busy_q) begin
      step_ends = 1'b1;
      for (int unsigned t = 0; t < Tokens; t++) begin
        for (int unsigned h = 0; h < Heads; h++) begin
          if (token_q + t < tokens_i && 32'(head_block_q) * Heads + h < KvHeads &&
              !served_q[t*Heads+h]) begin
            {row, bank} = advance(row_q, bank_q, t * TokenWords + h * RowWords);
            if (used[32*32'(bank) +: 32] < Ports) begin
              slot = SlotBits'(32'(bank) * Ports + used[32*32'(bank) +: 32]);
              used[32*32'(bank) +: 32] = used[32*32'(bank) +: 32] + 1;
              read_o[slot] = 1'b1;
              row_o[32'(slot)*AddrBits +: AddrBits] = row;
              lane_valid_o[lane] = 1'b1;
              lane_token_o[lane*TokenBits +: TokenBits] = TokenBits'(t);
              lane_head_o[lane*HeadBits +: HeadBits] = HeadBits'(h);
              lane_slot_o[lane*SlotBits +: SlotBits] = slot;
              served_d[t*Heads+h] = 1'b1;
              lane = lane + 1;
            end else begin
              step_ends = 1'b0;
            end
          end
        end
      end
    end
  end

  assign word_ends  = word_q == WordBits'(RowWords - 1);
  assign heads_end  = head_block_q == HeadBlockBits'(HeadBlocks - 1);
  assign tokens_end = token_q + Tokens >= tokens_i;
  assign {row_next, bank_next} =
      advance(row_q, bank_q, !word_ends ? 32'd1 : (heads_end ? NextTokens : NextHeads));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q       <= 1'b0;
      token_q      <= '0;
      block_q      <= '0;
      head_block_q <= '0;
      word_q       <= '0;
      row_q        <= '0;
      bank_q       <= '0;
      served_q     <= Requests'(0);
    end else if (start_i) begin
      busy_q       <= 1'b1;
      token_q      <= '0;
      block_q      <= '0;
      head_block_q <= '0;
      word_q       <= '0;
      row_q        <= start_row_i;
      bank_q       <= start_bank_i;
      served_q     <= Requests'(0);
    end else if (step_ends) begin
      busy_q   <= !last_o;
      served_q <= Requests'(0);
      row_q    <= row_next;
      bank_q   <= bank_next;
      word_q   <= word_ends ? '0 : word_q + WordBits'(1);
      if (word_ends) begin
        head_block_q <= heads_end ? '0 : head_block_q + HeadBlockBits'(1);
        if (heads_end) begin
          block_q <= block_q + BlockBits'(1);
          token_q <= token_q + Tokens;
        end
      end
    end else if (busy_q) begin
      served_q <= served_d;
    end
  end

  assign valid_o      = busy_q;
  assign last_o       = step_ends && word_ends && heads_end && tokens_end;
  assign begin_o      = block_q == '0 && served_q == Requests'(0);
  assign block_o      = block_q;
  assign head_block_o = head_block_q;
  assign word_o       = word_q;

endmodule
