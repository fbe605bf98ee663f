// Who has a slot: users wait in the order of their first prompt ids; the first one is admitted in the cycle in which a
// slot (the lowest free one) and its share of the KV cache are free. One that does not fit the cache waits, and all
// behind it, or is refused. What happens in a cycle (a user comes, a slot is released, a user leaves) counts for the
// admissions of that cycle: outputs *_o hold for the cycle's decision, behind them stand the registers.
// docs/units/sequencer.md
module kiln_sequencer_admission #(
  parameter int unsigned Users = 1,
  parameter int unsigned Slots = 1,
  parameter int unsigned Capacity = 1,
  parameter int unsigned RefuseWhenFull = 0,
  parameter int unsigned UserWidth = 1
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       come_i,  // its first prompt id is here
  input  logic [UserWidth-1:0]       come_user_i,
  input  logic                       release_i,  // its last token commits in this cycle
  input  logic [UserWidth-1:0]       release_user_i,
  input  logic                       leave_i,  // one without a token on its way
  input  logic [UserWidth-1:0]       leave_user_i,
  input  logic [Users*32-1:0]        reserved_i,  // shares of the KV cache, tokens
  output logic [Slots-1:0]           taken_o,
  output logic [Slots*UserWidth-1:0] users_o,
  output logic [Slots-1:0]           admitted_o,
  output logic [Users-1:0]           refused_o
);

  localparam int unsigned CountWidth = $clog2(Users + 2);

  logic [Slots-1:0]           taken_q;
  logic [Slots*UserWidth-1:0] users_q;
  logic [31:0]                free_d, free_q;    // tokens of the KV cache
  logic [Users*UserWidth-1:0] queue_d, queue_q;  // first one lowest
  logic [CountWidth-1:0]      count_d, count_q, admit;
  logic [UserWidth-1:0]       user;
  logic [31:0]                share;
  logic                       found, stop, changes;

  // Nothing changes but by these: an idle sequencer does not look at its queue.
  assign changes = come_i || release_i || leave_i;

  always_comb begin
    taken_o    = taken_q;
    users_o    = users_q;
    free_d     = free_q;
    queue_d    = queue_q;
    count_d    = count_q;
    admitted_o = '0;
    refused_o  = '0;
    admit      = '0;
    user       = '0;
    share      = '0;
    found      = 1'b0;
    stop       = 1'b0;
    if (come_i) begin
      queue_d[32'(count_d)*UserWidth +: UserWidth] = come_user_i;
      count_d = count_d + CountWidth'(1);
    end
    if (release_i || leave_i) begin
      for (int unsigned s = 0; s < Slots; s++) begin
        user = users_o[s*UserWidth +: UserWidth];
        if (taken_o[s] && ((release_i && user == release_user_i) || (leave_i && user == leave_user_i))) begin
          taken_o[s] = 1'b0;
          free_d     = free_d + reserved_i[32*32'(user) +: 32];
        end
      end
    end
    if (leave_i) begin  // out of the queue; those behind move up
      for (int unsigned i = 0; i < Users; i++) begin
        if (i < 32'(count_d) && queue_d[i*UserWidth +: UserWidth] == leave_user_i) found = 1'b1;
        if (found && i + 1 < Users) begin
          queue_d[i*UserWidth +: UserWidth] = queue_d[(i+1)*UserWidth +: UserWidth];
        end
      end
      if (found) count_d = count_d - CountWidth'(1);
    end
    if (changes) begin
      for (int unsigned i = 0; i < Users; i++) begin
        if (i < 32'(count_d) && !stop) begin
          user  = queue_d[i*UserWidth +: UserWidth];
          share = reserved_i[32*32'(user) +: 32];
          if (share > free_d) begin
            if (RefuseWhenFull != 0) refused_o[user] = 1'b1;
            else stop = 1'b1;
          end else if (&taken_o) begin
            stop = 1'b1;
          end else begin
            found = 1'b0;
            for (int unsigned s = 0; s < Slots; s++) begin
              if (!found && !taken_o[s]) begin
                found                             = 1'b1;
                taken_o[s]                        = 1'b1;
                admitted_o[s]                     = 1'b1;
                users_o[s*UserWidth +: UserWidth] = user;
              end
            end
            free_d = free_d - share;
          end
          if (!stop) admit = admit + CountWidth'(1);
        end
      end
      queue_d = queue_d >> (32'(admit) * UserWidth);
      count_d = count_d - admit;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      taken_q <= '0;
      users_q <= '0;
      free_q  <= Capacity;
      queue_q <= '0;
      count_q <= '0;
    end else if (changes) begin
      taken_q <= taken_o;
      users_q <= users_o;
      free_q  <= free_d;
      queue_q <= queue_d;
      count_q <= count_d;
    end
  end

endmodule
