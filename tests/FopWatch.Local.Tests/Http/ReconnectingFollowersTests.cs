using System.Text;
using System.Text.RegularExpressions;
using FopWatch.Local.Hosting;
using FopWatch.Local.Tests.Storage;
using FopWatch.PortContracts;
using FopWatch.Sqlite;

namespace FopWatch.Local.Tests.Http;

/// <summary>Followers of different speeds that are cut off and resume at random while events are published and nothing is purged.</summary>
public sealed partial class ReconnectingFollowersTests
{
    private const int Publishers = 8;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory(Timeout = 120_000)]
    [InlineData(1, 100, 0)]
    [InlineData(2, 1500, 0)]
    [InlineData(3, 3, 1)]
    public async Task Each_gets_every_event_once_and_in_order(int seed, int each, int mebibytes)
    {
        await using var temp = await TempStore.OpenAsync();
        var log = temp.Store.Events;
        using var tail = new EventTail(log, null, TimeProvider.System);
        const int Followers = 40;
        var followers = Enumerable.Range(0, Followers)
            .Select(number => Task.Run(() => FollowAsync(log, tail, new Random((seed * Followers) + number), Publishers * each)))
            .ToList();

        await Task.WhenAll(Enumerable.Range(0, Publishers).Select(publisher => Task.Run(() => PublishAsync(log, publisher, each, mebibytes, new Random(seed + publisher)))));
        var followed = await Task.WhenAll(followers).WaitAsync(TimeSpan.FromSeconds(60), Cancelled);

        var published = new List<long>();
        while (await log.ReadAsync(published.LastOrDefault(), int.MaxValue, Cancelled) is { Count: > 0 } some)
            published.AddRange(some.Select(one => one.Seq));
        Assert.Equal(Publishers * each, published.Count);
        Assert.All(followed, places => Assert.Equal(published, places));
    }

    private static async Task PublishAsync(EventLog log, int publisher, int each, int mebibytes, Random random)
    {
        for (var version = 1; version <= each;)
        {
            var batch = Enumerable.Range(version, Math.Min(random.Next(1, 20), each - version + 1)).Select(one => Sample.Event($"j{publisher}", one).Sized(mebibytes)).ToList();
            await log.PublishAsync(batch, Cancelled);
            version += batch.Count;

            // Followers catch up, and wait for the next event.
            if (random.Next(4) == 0)
                await Task.Delay(random.Next(40), Cancelled);
        }
    }

    /// <summary>Reads like a client: keeps the whole events among the pieces sent before it was cut off.</summary>
    private static async Task<List<long>> FollowAsync(EventLog log, EventTail tail, Random random, int count)
    {
        var (places, sluggish) = (new List<long>(), random.Next(3) * 10);
        while (places.Count < count)
        {
            // As the stream does when a client resumes.
            var last = await log.LastSeqAsync(Cancelled);
            var seen = log.Epochs.KnownUpTo(log.Epochs.PositionOf(places.LastOrDefault()), last);
            Assert.Equal(places.LastOrDefault(), seen);
            using var connection = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
            if (random.Next(2) == 0)
                connection.CancelAfter(random.Next(60));
            try
            {
                while (places.Count < count)
                {
                    var batch = (await tail.NextAsync(seen, connection.Token))!;
                    using var hold = batch.Hold;
                    foreach (var (bytes, _) in batch.Pieces(seen, null))
                    {
                        List<long> sent = [.. Ids().Matches(Encoding.UTF8.GetString(bytes.Span)).Select(id => long.Parse(id.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture))];
                        var isCut = random.Next(8) == 0;
                        places.AddRange(isCut ? sent.Take(random.Next(sent.Count)) : sent);
                        if (isCut)
                            await connection.CancelAsync();
                        if (sluggish > 0)
                            await Task.Delay(random.Next(sluggish), Cancelled);
                        connection.Token.ThrowIfCancellationRequested();
                    }

                    seen = batch.Last;
                }
            }
            catch (OperationCanceledException) when (!Cancelled.IsCancellationRequested)
            {
                // It resumes from the position of its last event.
            }
        }

        return places;
    }

    [GeneratedRegex("^id: ([0-9]+)", RegexOptions.Multiline)]
    private static partial Regex Ids();
}
