using FopWatch.Intake;

namespace FopWatch.PortContracts;

/// <summary>The contract of <see cref="IQuarantine"/>.</summary>
public abstract class QuarantineContract : StoreContract<IQuarantine>
{
    [Fact]
    public async Task A_notification_is_kept_byte_for_byte()
    {
        var notification = Sample.Notification("20260301080000-0a1b", after: TimeSpan.FromTicks(1_234_567));
        await Port.AddAsync(notification, Cancelled);

        AssertSame(notification, await Port.FindAsync(notification.Key, Cancelled));
        AssertSame(notification, Assert.Single((await Port.ListAsync(null, 10, null, Cancelled)).Elements));
    }

    [Fact]
    public async Task A_notification_may_have_no_correlation_no_headers_and_no_body()
    {
        var notification = Sample.Notification("k") with { Correlation = null, Headers = [], Body = default };
        await Port.AddAsync(notification, Cancelled);

        AssertSame(notification, await Port.FindAsync("k", Cancelled));
    }

    [Fact]
    public async Task A_big_body_is_kept_whole()
    {
        var body = new byte[300_000];
        new Random(7).NextBytes(body);
        var notification = Sample.Notification("k") with { Body = body };
        await Port.AddAsync(notification, Cancelled);

        AssertSame(notification, await Port.FindAsync("k", Cancelled));
    }

    [Fact]
    public async Task A_body_that_is_part_of_a_buffer_is_kept_without_the_rest()
    {
        byte[] buffer = [1, 2, 3, 4, 5];
        await Port.AddAsync(Sample.Notification("k") with { Body = buffer.AsMemory(1, 3) }, Cancelled);

        Assert.Equal([2, 3, 4], (await Port.FindAsync("k", Cancelled))?.Body.ToArray());
    }

    [Fact]
    public async Task A_notification_with_an_existing_key_is_the_same_one()
    {
        await Port.AddAsync(Sample.Notification("k"), Cancelled);
        await Port.AddAsync(Sample.Notification("k"), Cancelled);

        Assert.Equal(1, await Port.CountAsync(Cancelled));
    }

    [Fact]
    public async Task The_size_is_that_of_one_source_and_shrinks_again()
    {
        await Port.AddAsync(Sample.Notification("a") with { Body = new byte[10] }, Cancelled);
        await Port.AddAsync(Sample.Notification("b") with { Body = new byte[300_000] }, Cancelled);
        await Port.AddAsync(Sample.Notification("c", "other") with { Body = new byte[5] }, Cancelled);
        await Port.AddAsync(Sample.Notification("d", "other") with { Body = default }, Cancelled);

        Assert.Equal(new(2, 300_010), await Port.SizeAsync("media", Cancelled));
        Assert.Equal(new(2, 5), await Port.SizeAsync("other", Cancelled));
        Assert.Equal(new(0, 0), await Port.SizeAsync("none", Cancelled));
        await Port.RemoveAsync("b", Cancelled);
        Assert.Equal(new(1, 10), await Port.SizeAsync("media", Cancelled));
    }

    [Fact]
    public async Task An_unknown_key_is_not_found()
    {
        await Port.AddAsync(Sample.Notification("k"), Cancelled);

        Assert.Null(await Port.FindAsync("K", Cancelled));
        Assert.Null(await Port.FindAsync("", Cancelled));
    }

    [Fact]
    public async Task The_newest_come_first_in_pages_that_contain_each_once()
    {
        for (var i = 0; i < 7; i++)
            await Port.AddAsync(Sample.Notification($"{i:0000}", after: TimeSpan.FromMinutes(i)), Cancelled);

        var first = await Port.ListAsync(null, 3, null, Cancelled);
        await Port.AddAsync(Sample.Notification("0007", after: TimeSpan.FromMinutes(7)), Cancelled);
        var second = await Port.ListAsync(null, 3, first.Continuation, Cancelled);
        var third = await Port.ListAsync(null, 3, second.Continuation, Cancelled);

        Assert.Equal(["0006", "0005", "0004"], first.Elements.Select(one => one.Key));
        Assert.Equal(["0003", "0002", "0001"], second.Elements.Select(one => one.Key));
        Assert.Equal(["0000"], third.Elements.Select(one => one.Key));
        Assert.Null(third.Continuation);
    }

    [Fact]
    public async Task A_list_can_be_narrowed_to_a_source()
    {
        for (var i = 0; i < 6; i++)
            await Port.AddAsync(Sample.Notification($"{i:0000}", i % 2 == 0 ? "media" : "other", TimeSpan.FromMinutes(i)), Cancelled);

        var first = await Port.ListAsync(["other"], 2, null, Cancelled);
        var second = await Port.ListAsync(["other"], 2, first.Continuation, Cancelled);

        Assert.Equal(["0005", "0003"], first.Elements.Select(one => one.Key));
        Assert.Equal(["0001"], second.Elements.Select(one => one.Key));
        Assert.Null(second.Continuation);
        Assert.Empty((await Port.ListAsync(["none"], 2, null, Cancelled)).Elements);
    }

    [Fact]
    public async Task A_list_can_be_limited_to_several_sources_and_its_pages_are_full()
    {
        string[] sources = ["media", "other", "video"];
        for (var i = 0; i < 9; i++)
            await Port.AddAsync(Sample.Notification($"{i:0000}", sources[i % 3], TimeSpan.FromMinutes(i)), Cancelled);

        var (keys, continuation) = (new List<string>(), (string?)null);
        do
        {
            var page = await Port.ListAsync(["media", "video"], 1, continuation, Cancelled);
            keys.Add(Assert.Single(page.Elements).Key);
            continuation = page.Continuation;
        }
        while (continuation is not null);

        Assert.Equal(["0008", "0006", "0005", "0003", "0002", "0000"], keys);
        Assert.Empty((await Port.ListAsync([], 10, null, Cancelled)).Elements);
        Assert.Equal("0007", Assert.Single((await Port.ListAsync(["other", "none"], 1, null, Cancelled)).Elements).Key);
    }

    [Fact]
    public async Task The_source_of_each_is_known()
    {
        await Port.AddAsync(Sample.Notification("a", "media"), Cancelled);
        await Port.AddAsync(Sample.Notification("b", "other"), Cancelled);

        Assert.Equal("media", await Port.SourceOfAsync("a", Cancelled));
        Assert.Equal("other", await Port.SourceOfAsync("b", Cancelled));
        Assert.Null(await Port.SourceOfAsync("c", Cancelled));
        Assert.Null(await Port.SourceOfAsync("", Cancelled));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not one of ours")]
    [InlineData("YWJjZGVmZ2hpamtsbW5vcA")]
    public async Task A_foreign_continuation_is_refused(string continuation)
    {
        await Assert.ThrowsAsync<FormatException>(async () => await Port.ListAsync(null, 10, continuation, Cancelled));
    }

    [Fact]
    public async Task A_removed_notification_is_gone_and_removing_it_again_is_not_an_error()
    {
        await Port.AddAsync(Sample.Notification("a"), Cancelled);
        await Port.AddAsync(Sample.Notification("b"), Cancelled);

        await Port.RemoveAsync("a", Cancelled);
        await Port.RemoveAsync("a", Cancelled);

        Assert.Null(await Port.FindAsync("a", Cancelled));
        Assert.Equal(1, await Port.CountAsync(Cancelled));
        Assert.Equal("b", Assert.Single((await Port.ListAsync(["media"], 10, null, Cancelled)).Elements).Key);
    }

    private static void AssertSame(QuarantinedNotification expected, QuarantinedNotification? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.Body.ToArray(), actual.Body.ToArray());
        Assert.Equal(expected.Headers, actual.Headers);
        Assert.Equal(expected.Url.OriginalString, actual.Url.OriginalString);
        Assert.Equal(expected with { Body = default, Headers = actual.Headers }, actual with { Body = default });
    }
}
