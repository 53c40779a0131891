using System.Net;

namespace FopWatch.Api.Tests;

public class SharedBytesTests
{
    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress There = IPAddress.Parse("198.51.100.1");

    private readonly ManualTimeProvider _time = new();
    private readonly SharedBytes _bytes;

    public SharedBytesTests() => _bytes = new(1000, _time);

    [Fact]
    public void One_owner_gets_half_and_the_next_owner_half_of_the_rest()
    {
        Assert.Equal(500, TakeAll("a", Here));
        Assert.Equal(250, TakeAll("b", There));
        Assert.Equal(0, TakeAll("a", There));
        Assert.Equal(125, TakeAll("c", There));
    }

    [Fact]
    public void One_address_gets_three_quarters_however_many_owners_it_sends_for()
    {
        var taken = Enumerable.Range(0, 20).Sum(i => TakeAll($"owner {i}", Here));

        Assert.InRange(taken, 740, 750);
        Assert.InRange(TakeAll("another", There), 120, 130);
    }

    [Fact]
    public void Released_bytes_are_available_to_others()
    {
        var first = _bytes.Open("a", Here);
        Assert.True(first.TryTake(500));
        Assert.False(_bytes.Open("a", Here).TryTake(1));

        first.Dispose();
        first.Dispose();

        Assert.Equal(500, TakeAll("a", Here));
    }

    [Fact]
    public void Only_a_stalled_body_loses_its_share_to_one_that_arrives()
    {
        var (stalled, going) = (_bytes.Open("a", Here), _bytes.Open("a", Here));
        Assert.True(stalled.TryTake(250) && going.TryTake(250));
        _time.Advance(SharedBytes.Stalled - TimeSpan.FromTicks(1));
        going.Progressed();
        Assert.False(_bytes.Open("a", Here).TryTake(100));
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.True(_bytes.Open("a", Here).TryTake(100));

        Assert.Equal((true, false), (stalled.Lost.IsCancellationRequested, going.Lost.IsCancellationRequested));
        Assert.False(stalled.TryTake(1));
        stalled.Dispose();
        Assert.Equal(150, TakeAll("a", Here));
    }

    [Fact]
    public void Among_stalled_bodies_the_longest_stalled_of_the_largest_owner_loses_its_share_first()
    {
        var (small, late, early) = (_bytes.Open("b", There), _bytes.Open("a", Here), _bytes.Open("a", Here));
        Assert.True(small.TryTake(100) && late.TryTake(200) && early.TryTake(200));
        _time.Advance(SharedBytes.Stalled);
        late.Progressed();
        _time.Advance(SharedBytes.Stalled);

        Assert.True(_bytes.Open("c", There).TryTake(260));

        Assert.Equal([false, false, true], new[] { small, late, early }.Select(share => share.Lost.IsCancellationRequested));
    }

    [Fact]
    public void A_body_that_has_arrived_keeps_its_share()
    {
        var arrived = _bytes.Open("a", Here);
        Assert.True(arrived.TryTake(500));
        arrived.HasArrived = true;
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.False(_bytes.Open("a", Here).TryTake(1));
        Assert.False(arrived.Lost.IsCancellationRequested);
    }

    private int TakeAll(string owner, IPAddress address)
    {
        var (share, taken) = (_bytes.Open(owner, address), 0);
        while (share.TryTake(1))
            taken++;
        return taken;
    }
}
