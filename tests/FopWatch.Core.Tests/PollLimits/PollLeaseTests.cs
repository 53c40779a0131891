using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Providers;

namespace FopWatch.Core.Tests.PollLimits;

/// <summary>What a process writes to the book of leases, and when.</summary>
public sealed class PollLeaseTests : IPollLeases
{
    private static readonly Source Source = PollPacerTests.Source("media", 10);
    private static readonly TimeSpan Counted = TimeSpan.FromSeconds(3);

    private readonly ManualTimeProvider _clock = new();
    private readonly PollShares _shares;
    private List<PollLease> _leases = [];
    private int _version;
    private int _reads;
    private int _lostRaces;
    private bool _isDown;
    private TaskCompletionSource? _reading;

    public PollLeaseTests() => _shares = new(this, _clock, "me");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private DateTimeOffset Now => _clock.GetUtcNow();

    [Fact]
    public async Task A_single_process_leaves_one_poll_for_newcomers_if_there_are_five()
    {
        Assert.Equal(9, await TakeAsync());
        Assert.Equal(new("me", 9, Now + _shares.Length + Counted), Assert.Single(_leases));
        Assert.Equal(4, await new PollShares(new PollLeaseTests(), _clock, "me").TakeAsync(PollPacerTests.Source("five", 5), Token));
        Assert.Equal(4, await new PollShares(new PollLeaseTests(), _clock, "me").TakeAsync(PollPacerTests.Source("four", 4), Token));
    }

    [Theory]
    [InlineData("a", 3)]
    [InlineData("z", 3)]
    public async Task A_newcomer_takes_what_is_free_up_to_an_equal_share(string other, int polls)
    {
        _leases = [new(other, 7, Now.AddSeconds(20))];

        Assert.Equal(polls, await TakeAsync());
        Assert.Equal([new(other, 7, Now.AddSeconds(20)), new("me", polls, Now + _shares.Length + Counted)], _leases);
    }

    [Theory]
    [InlineData("a", 2, 4)]
    [InlineData("z", 3, 5)]
    public async Task The_remainder_of_equal_shares_goes_to_the_first_processes_by_name(string other, int ofFour, int ofTwo)
    {
        // One of ten polls is in reserve.
        _leases = [new(other + "1", 0, Now.AddSeconds(20)), new(other + "2", 0, Now.AddSeconds(20)), new(other + "3", 0, Now.AddSeconds(20))];
        Assert.Equal(ofFour, await TakeAsync());

        _leases = [new(other + "1", 0, Now.AddSeconds(120))];
        _clock.Advance(_shares.Length);
        Assert.Equal(ofTwo, await TakeAsync());
    }

    [Fact]
    public async Task A_returned_part_of_a_lease_counts_for_another_window()
    {
        Assert.Equal(9, await TakeAsync());
        _leases.Add(new("other", 1, Now.AddSeconds(60)));
        _clock.Advance(_shares.Renewal - TimeSpan.FromTicks(1));
        Assert.Equal((9, 1), (await TakeAsync(), _reads));
        _clock.Advance(TimeSpan.FromTicks(1));

        Assert.Equal((5, 2), (await TakeAsync(), _reads));
        Assert.Equal([new("other", 1, Now.AddSeconds(40)), new("me", 5, Now + _shares.Length + Counted), new("", 4, Now + Counted)], _leases);

        // The other gets no part of it before that.
        Assert.Equal(0, await new PollShares(this, _clock, "third").TakeAsync(Source, Token));
    }

    [Fact]
    public async Task A_process_that_finds_nothing_free_is_recorded_once_and_asks_again_after_a_while()
    {
        _leases = [new("other", 10, Now.AddSeconds(34))];

        Assert.Equal(0, await TakeAsync());
        Assert.Equal(new("me", 0, Now + _shares.Length + Counted), _leases[^1]);
        Assert.Equal((0, 1, 1), (await TakeAsync(), _reads, _version));
        _clock.Advance(_shares.Waiting - TimeSpan.FromTicks(1));
        Assert.Equal((0, 1), (await TakeAsync(), _reads));
        _clock.Advance(TimeSpan.FromTicks(1));

        // It is counted for long enough, so nothing is written.
        Assert.Equal((0, 2, 1), (await TakeAsync(), _reads, _version));
        _clock.Advance(_shares.Waiting);
        Assert.Equal((0, 3, 2), (await TakeAsync(), _reads, _version));

        _leases.RemoveAll(lease => lease.Owner == "other");
        _clock.Advance(_shares.Waiting);
        Assert.Equal(9, await TakeAsync());
    }

    [Fact]
    public async Task The_last_free_poll_is_taken_although_it_exceeds_an_equal_share()
    {
        _leases = [.. Enumerable.Range(0, 12).Select(i => new PollLease($"a{i:00}", i < 9 ? 1 : 0, Now.AddSeconds(20)))];

        Assert.Equal(1, await TakeAsync());
    }

    [Fact]
    public async Task A_process_beyond_three_hundred_gets_nothing_and_is_not_recorded()
    {
        _leases = [.. Enumerable.Range(0, 300).Select(i => new PollLease($"a{i:000}", 0, Now.AddSeconds(20)))];
        Assert.Equal((0, 300, 0), (await TakeAsync(), _leases.Count, _version));

        _leases.RemoveAt(0);
        _clock.Advance(_shares.Waiting);
        Assert.Equal(1, await TakeAsync());
    }

    [Fact]
    public async Task A_failing_store_is_asked_again_after_five_seconds_and_the_lease_is_used_until_it_ends()
    {
        await TakeAsync();
        _isDown = true;
        _clock.Advance(_shares.Renewal);
        Assert.Equal((9, 2), (await TakeAsync(), _reads));
        _clock.Advance(_shares.Retry - TimeSpan.FromTicks(1));
        Assert.Equal((9, 2), (await TakeAsync(), _reads));
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal((9, 3), (await TakeAsync(), _reads));
        _clock.Advance(_shares.Length - _shares.Renewal - _shares.Retry - TimeSpan.FromTicks(1));
        Assert.Equal((9, 3), (await TakeAsync(), _reads));
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal((0, 4), (await TakeAsync(), _reads));

        _isDown = false;
        _clock.Advance(_shares.Retry);
        Assert.Equal(9, await TakeAsync());
    }

    [Fact]
    public async Task A_process_that_loses_four_races_in_a_row_tries_again_later()
    {
        _lostRaces = 3;
        Assert.Equal((9, 4), (await TakeAsync(), _reads));

        _lostRaces = 4;
        _clock.Advance(_shares.Renewal);
        Assert.Equal((9, 8), (await TakeAsync(), _reads));
        Assert.Equal((9, 8), (await TakeAsync(), _reads));
        _clock.Advance(_shares.Retry);
        Assert.Equal((9, 9), (await TakeAsync(), _reads));
    }

    [Fact]
    public async Task While_one_renews_the_others_use_the_current_lease_and_wait_if_there_is_none()
    {
        _reading = new();
        var (first, second) = (TakeAsync(), TakeAsync());
        Assert.False(first.IsCompleted || second.IsCompleted);
        _reading.SetResult();
        Assert.Equal((9, 9, 1), (await first, await second, _reads));

        _clock.Advance(_shares.Renewal);
        _reading = new();
        var renewing = TakeAsync();
        Assert.False(renewing.IsCompleted);
        Assert.Equal(9, await TakeAsync());
        _reading.SetResult();
        Assert.Equal((9, 2), (await renewing, _reads));
    }

    [Fact]
    public async Task A_lease_that_is_over_or_ends_later_than_any_can_holds_nothing()
    {
        // 100 s for the window of the slowest rate, 30 s for the length of a lease, and 4 s for clock differences.
        _leases = [new("past", 9, Now), new("ahead", 9, Now.AddSeconds(134).AddTicks(1)), new("present", 1, Now.AddSeconds(134))];

        Assert.Equal(5, await TakeAsync());
        Assert.Equal(["present", "me"], _leases.Select(lease => lease.Owner));
    }

    private Task<int> TakeAsync() => _shares.TakeAsync(Source, Token).AsTask();

    async ValueTask<PollLeaseBook> IPollLeases.ReadAsync(string source, CancellationToken cancellationToken)
    {
        _reads++;
        if (_isDown)
            throw new StoreUnavailableException("The store is down.");
        if (_reading is { } reading)
            await reading.Task;
        return new([.. _leases], $"{_version}", _clock.GetUtcNow());
    }

    ValueTask<bool> IPollLeases.TryReplaceAsync(string source, IReadOnlyList<PollLease> leases, string? etag, CancellationToken cancellationToken)
    {
        if (_lostRaces-- > 0)
            return new(false);
        Assert.Equal($"{_version}", etag);
        (_leases, _version) = ([.. leases], _version + 1);
        return new(true);
    }
}
