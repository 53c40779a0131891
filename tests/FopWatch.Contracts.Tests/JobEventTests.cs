using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Publishing;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Contracts.Tests;

/// <summary>Reading valid and invalid events.</summary>
public class JobEventTests
{
    /// <summary>The required members of an event, as paths into <see cref="Events.Full"/>.</summary>
    private static readonly HashSet<string> Required =
    [
        "specversion", "id", "type", "source", "subject", "time", "data",
        "data/source", "data/id", "data/provider", "data/state", "data/settled", "data/counts", "data/registeredAt", "data/updatedAt", "data/version",
        "data/counts/total", "data/counts/succeeded", "data/counts/failed", "data/counts/running",
        "data/items/0/command", "data/items/0/state", "data/items/1/command", "data/items/1/state",
        "data/items/0/truncated/0/at", "data/items/0/truncated/1/at", "data/items/0/truncated/2/at", "data/items/0/truncated/3/at",
    ];

    public static TheoryData<string> Members => new(Paths(JsonNode.Parse(Events.Full)!, "").Where(path => !char.IsAsciiDigit(path[^1])));

    [Fact]
    public void Events_of_the_core_are_read_and_match_the_schema() => Prop
        .ForAll(
            Events.Histories.ToArbitrary(),
            published =>
            {
                foreach (var happened in published)
                {
                    Documents.AssertValid(happened.Body);
                    var read = JobEvent.Parse(happened.Body);
                    Assert.Equal(happened.Id, read.Id);
                    Assert.Equal(happened.Type, read.Type);
                    Assert.Equal(happened.Time, read.Time);
                    Assert.Equal(happened.Key.Source, read.Data.Source);
                    Assert.Equal(happened.Key.Id, read.Subject);
                    Assert.Equal(happened.Version, read.Data.Version);
                    Assert.Equal(read.Type == JobEvent.SettledType, read.Data.Settled);
                    Assert.Equal(read.Data.Settled, read.Data.SettledAt is not null && read.Data.SettledBy is not null);
                    Assert.Equal(read.Data.Counts.Total, read.Data.Items.Count);
                    Assert.True(JsonElement.DeepEquals(JsonElement.Parse(happened.Body.Span), JsonSerializer.SerializeToElement(read, ContractsJson.Wire.JobEvent)));
                }
            })
        .Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void Shortened_events_are_read_and_match_the_schema()
    {
        var frames = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"{i}\":[{i}]"));
        var result = $$$"""{"cuts":[{{{string.Join(',', Enumerable.Range(0, 50_000))}}}],"deep":{{{new string('[', 60)}}}{{{new string(']', 60)}}},"frames":{{{{frames}}}},"text":"{{{new string('长', 100_000)}}}","verdict":"block"}""";

        var shortened = EventCut.Shorter(Events.Settled(result).Body).Select(EventCut.ToBody).ToList();

        Assert.Equal(5, shortened.Count);
        Assert.All(shortened, body =>
        {
            Documents.AssertValid(body);
            var read = JobEvent.Parse(body);
            Assert.True(JsonElement.DeepEquals(JsonElement.Parse(body), JsonSerializer.SerializeToElement(read, ContractsJson.Wire.JobEvent)));
            Assert.True(read.Data.Truncated);
        });
        foreach (var item in shortened[..4].Select(body => Assert.Single(JobEvent.Parse(body).Data.Items)))
        {
            Assert.Equal("block", item.Result!.Value.GetProperty("verdict").GetString());
            Assert.Contains(item.Truncated!, gone => gone is { At: "/result/cuts", Elements: > 0 });
            Assert.Contains(item.Truncated!, gone => gone is { At: "/result/text", TextBytes: > 0 });
            Assert.Contains(item.Truncated!, gone => gone.Dropped == true);
            Assert.Contains(item.Truncated!, gone => gone is { At: "/result", More: true });
        }
    }

    [Fact]
    public void A_full_event_is_read_whole()
    {
        var read = JobEvent.Parse(Events.Full);

        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(Events.Full), JsonSerializer.SerializeToElement(read, ContractsJson.Wire.JobEvent)));
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 8, 0, 41, 250, TimeSpan.Zero), read.Time);
        Assert.Equal(new JobCounts(2, 1, 1, 0), read.Data.Counts);
        Assert.Equal(["succeeded out", "failed "], read.Data.Items.Select(item => $"{item.State.ToString().ToLowerInvariant()} {(item.Outputs.Count > 0 ? "out" : "")}"));
    }

    [Theory]
    [MemberData(nameof(Members))]
    public void A_missing_member_is_an_error_only_if_it_is_required(string path)
    {
        var (root, parent, name) = Find(path);
        parent.AsObject().Remove(name);

        AssertRead(!Required.Contains(path), root.ToJsonString());
    }

    [Theory]
    [MemberData(nameof(Members))]
    public void A_member_of_the_wrong_kind_is_refused_and_never_throws(string path)
    {
        foreach (var json in (string[])["null", "true", "1.5", "\"text\"", "[]", "[null]", "{}", """{"a":null}""", "1e400", "99999999999999999999"])
        {
            var (root, parent, name) = Find(path);
            parent[name] = JsonNode.Parse(json);
            var body = Encoding.UTF8.GetBytes(root.ToJsonString());

            if (!JobEvent.TryParse(body, out var read, out var reason))
            {
                Assert.NotEmpty(reason);
                Assert.Null(read);
                continue;
            }

            // A result may be any JSON.
            if (path == "data/items/0/result")
                continue;

            // The value was of an accepted kind, or was read as one.
            Documents.AssertValid(JsonSerializer.SerializeToUtf8Bytes(read with { DataContentType = "application/json" }, ContractsJson.Wire.JobEvent));
            Assert.True(json is "null" or "true" or "\"text\"" or "[]" or "{}", $"{path} was {json}");
            Assert.False(Required.Contains(path) && json == "null");
        }
    }

    [Theory]
    [MemberData(nameof(Members))]
    public void Unknown_members_are_ignored(string path)
    {
        var (root, parent, _) = Find(path);
        parent["x-later"] = JsonNode.Parse("""{"type":"com.example.other","deep":[[{"specversion":"9"}]]}""");

        AssertRead(path != "data/metadata/lesson", root.ToJsonString());
    }

    [Theory]
    [InlineData("type", "com.example.order.placed", "com.example.order.placed")]
    [InlineData("type", "fopwatch.job.archived", "fopwatch.job.archived")]
    [InlineData("type", "FOPWATCH.JOB.SETTLED", "FOPWATCH.JOB.SETTLED")]
    [InlineData("specversion", "0.3", "0.3")]
    [InlineData("specversion", "1.1", "1.1")]
    [InlineData("id", "", "id")]
    [InlineData("source", "/fopwatch/other", "source")]
    [InlineData("source", "media", "source")]
    [InlineData("subject", "z0.A", "subject")]
    [InlineData("datacontenttype", "application/xml", "datacontenttype")]
    [InlineData("time", "2026-03-01T08:00:00", "$.time")]
    [InlineData("time", "2026-03-01", "$.time")]
    [InlineData("time", "yesterday", "$.time")]
    [InlineData("data/state", "paused", "paused")]
    [InlineData("data/state", "2", "$.data.state")]
    [InlineData("data/state", "waiting, processing", "$.data.state")]
    [InlineData("data/settledBy", "decree", "decree")]
    [InlineData("data/provider", "tencent", "tencent")]
    [InlineData("data/id", "", "empty")]
    public void An_event_that_this_version_does_not_know_is_refused_with_the_reason(string path, string value, string reason)
    {
        var (root, parent, name) = Find(path);
        parent[name] = value;
        var body = Encoding.UTF8.GetBytes(root.ToJsonString());

        Assert.False(JobEvent.TryParse(body, out var read, out var said));
        Assert.Null(read);
        Assert.Contains(reason, said, StringComparison.Ordinal);
        Assert.False(JobEvent.TryParse(body, out read));
        Assert.Equal(said, Assert.Throws<FormatException>(() => JobEvent.Parse(body)).Message);
    }

    [Theory]
    [InlineData("id", null, "$: 'id' is missing.")]
    [InlineData("time", null, "$: 'time' is missing.")]
    [InlineData("data/version", null, "$.data: 'version' is missing.")]
    [InlineData("data/counts/total", null, "$.data.counts: 'total' is missing.")]
    [InlineData("data/items/1/command", null, "$.data.items[1]: 'command' is missing.")]
    [InlineData("data/version", "\"three\"", "$.data.version: the value has the wrong type, or is not valid Unicode.")]
    [InlineData("time", "\"yesterday\"", "$.time: the value has the wrong type, or is not valid Unicode.")]
    [InlineData("time", "\"2026-03-01T08:00:00\"", "$.time: The time has no offset.")]
    [InlineData("data/state", "4", "$.data.state: The value is not a string.")]
    public void A_reason_names_the_member_and_no_type_of_the_serializer(string path, string? json, string expected)
    {
        var (root, parent, name) = Find(path);
        if (json is null)
            parent.AsObject().Remove(name);
        else
            parent[name] = JsonNode.Parse(json);

        Assert.False(JobEvent.TryParse(root.ToJsonString(), out _, out var reason));
        Assert.Equal(expected, reason);
    }

    [Theory]
    [InlineData("", "The body cannot be read as JSON (line 1, byte 1).")]
    [InlineData("{\n  \"specversion\" \"1.0\"}", "The body cannot be read as JSON (line 2, byte 17).")]
    [InlineData("""{"specversion":"1.0","type":"fopwatch.job.settled"} {}""", "The body cannot be read as JSON (line 1, byte 53).")]
    [InlineData("nothing", "The body cannot be read as JSON (line 1, byte 2).")]
    public void A_reason_says_where_the_body_is_not_JSON(string body, string expected)
    {
        Assert.False(JobEvent.TryParse(body, out _, out var reason));
        Assert.Equal(expected, reason);
    }

    [Fact]
    public void No_reason_contains_the_serializers_wording()
    {
        Prop.ForAll(Mutated.ToArbitrary(), body =>
        {
            if (!JobEvent.TryParse(body, out _, out var reason))
                Assert.DoesNotMatch(@"System\.|Path: |LineNumber|BytePosition|FopWatch\.Contracts|JSON value could not|Expected", reason);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Theory]
    [InlineData("""{"a":["\ud83d"]}""")]
    [InlineData("""{"a":{"\ud83d":1}}""")]
    public void A_result_with_invalid_Unicode_is_refused_because_it_could_not_be_written_again(string result)
    {
        var body = JsonNode.Parse(Events.Full)!;
        body["data"]!["items"]![0]!["result"] = "here";

        Assert.False(JobEvent.TryParse(body.ToJsonString().Replace("\"here\"", result, StringComparison.Ordinal), out _, out var reason));

        Assert.Contains("Unicode", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_and_bytes_are_read_alike()
    {
        var text = Encoding.UTF8.GetString(Events.Full);

        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(Events.Full), JsonSerializer.SerializeToElement(JobEvent.Parse(text), ContractsJson.Wire.JobEvent)));
        Assert.True(JobEvent.TryParse("\uFEFF" + text, out var marked));
        Assert.Equal("z0.a", marked.Subject);
        Assert.False(JobEvent.TryParse((string?)null, out _, out var reason));
        Assert.Equal("There is no text.", reason);
        Assert.False(JobEvent.TryParse(text.Replace("z0.a", "z0.\ud800", StringComparison.Ordinal), out _, out reason));
        Assert.Contains("surrogate", reason, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => JobEvent.Parse("{}"));
    }

    [Fact]
    public void Unknown_values_of_extensible_enums_are_read_as_Unknown()
    {
        var (root, items, _) = Find("data/items/0/state");
        items["state"] = "paused";
        root["data"]!["notification"] = "postponed";

        var read = JobEvent.Parse(Encoding.UTF8.GetBytes(root.ToJsonString()));

        Assert.Equal(ItemState.Unknown, read.Data.Items[0].State);
        Assert.Equal(NotificationDelivery.Unknown, read.Data.Notification);
        Assert.Equal(JobState.PartiallyFailed, read.Data.State);
    }

    [Theory]
    [InlineData("time", "2026-03-01T16:00:00+08:00", "2026-03-01T08:00:00Z")]
    [InlineData("time", "2026-03-01T08:00:00.123456789Z", "2026-03-01T08:00:00.1234567Z")]
    [InlineData("datacontenttype", "application/json; charset=utf-8", "application/json; charset=utf-8")]
    [InlineData("data/state", "PartiallyFailed", "partiallyFailed")]
    public void Equivalent_spellings_are_read_as_the_same_value(string path, string written, string read)
    {
        var (root, parent, name) = Find(path);
        parent[name] = written;

        var again = JsonSerializer.SerializeToNode(JobEvent.Parse(Encoding.UTF8.GetBytes(root.ToJsonString())), ContractsJson.Wire.JobEvent)!;

        Assert.Equal(read, path.Split('/').Aggregate(again, (node, member) => node[member]!).GetValue<string>());
    }

    [Fact]
    public void A_byte_order_mark_is_skipped()
    {
        Assert.True(JobEvent.TryParse((byte[])[.. Encoding.UTF8.Preamble, .. Events.Full], out _));
        Assert.False(JobEvent.TryParse((byte[])[.. Encoding.UTF8.Preamble, .. Encoding.UTF8.Preamble, .. Events.Full], out _));
        Assert.False(JobEvent.TryParse(Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(Events.Full)), out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("{}{}")]
    [InlineData("""{"specversion":"1.0","type":"fopwatch.job.settled"}""")]
    [InlineData("""{"specversion":"1.0","type":"fopwatch.job.settled","data":null}""")]
    [InlineData("""{"specversion":1.0,"type":"fopwatch.job.settled"}""")]
    [InlineData("""{"specversion":"\ud800","type":"fopwatch.job.settled"}""")]
    public void A_body_that_is_not_an_event_is_refused(string body) => AssertRead(false, body);

    [Fact]
    public void Content_after_the_event_is_an_error()
    {
        Assert.True(JobEvent.TryParse((byte[])[.. Events.Full, (byte)'\n'], out _));
        Assert.False(JobEvent.TryParse((byte[])[.. Events.Full, (byte)'}'], out _));
        Assert.False(JobEvent.TryParse((byte[])[.. Events.Full, .. Events.Full], out _));
    }

    [Fact]
    public void A_huge_event_is_read()
    {
        var (root, items, _) = Find("data/items/0/state");
        items["result"] = new string('长', 5_000_000);
        items["x-later"] = new string('x', 5_000_000);

        Assert.Equal(5_000_000, JobEvent.Parse(Encoding.UTF8.GetBytes(root.ToJsonString())).Data.Items[0].Result!.Value.GetString()!.Length);
    }

    [Fact]
    public void Endless_nesting_is_refused()
    {
        var deep = Encoding.UTF8.GetString(Events.Full).Replace("\"specversion\"", $"\"x\": {new string('[', 1_000_000)}{new string(']', 1_000_000)}, \"specversion\"", StringComparison.Ordinal);

        AssertRead(false, deep);
        AssertRead(false, new string('[', 1_000_000));
    }

    [Fact]
    public void A_reason_is_short_whatever_the_body_contains()
    {
        foreach (var path in (string[])["type", "specversion", "data/state", "data/metadata/lesson"])
        {
            var (root, parent, name) = Find(path);
            parent[name] = path == "data/metadata/lesson" ? null : new string('x', 100_000);
            parent[new string('y', 100_000)] = 1;

            Assert.False(JobEvent.TryParse(Encoding.UTF8.GetBytes(root.ToJsonString()), out _, out var reason));
            Assert.InRange(reason.Length, 1, 512);
        }
    }

    [Fact]
    public void No_bytes_make_the_reader_throw()
    {
        Prop.ForAll(Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf().ToArbitrary(), TryParse).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
        Prop.ForAll(Mutated.ToArbitrary(), TryParse).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    private static readonly Gen<byte[]> Mutated =
        from edits in (from at in Gen.Choose(0, 9999)
                       from take in Gen.Choose(0, 3)
                       from put in Gen.Elements<byte[]>(
                           [], [(byte)'"'], [(byte)'{'], [(byte)'}'], [(byte)'['], [(byte)']'], [(byte)','], [(byte)':'], [(byte)'\\'], [(byte)'-'], [(byte)'9'],
                           [(byte)'0'], [(byte)'e'], [(byte)'Z'], [(byte)'+'], [0], [0xC3], [0xED, 0xA0, 0x80], [0xFF], [.. "\\ud800"u8], [.. "null"u8], [.. "é"u8])
                       select (at, take, put)).NonEmptyListOf()
        select edits.Take(3).Aggregate(Events.Full, (body, edit) =>
        {
            var at = edit.at % (body.Length + 1);
            return [.. body.AsSpan(0, at), .. edit.put, .. body.AsSpan(Math.Min(body.Length, at + edit.take))];
        });

    private static void TryParse(byte[] body)
    {
        if (!JobEvent.TryParse(body, out var read, out var reason))
        {
            Assert.NotEmpty(reason);
            return;
        }

        // An accepted event is usable: no required member is null, and it can be written again.
        Assert.NotEmpty(JsonSerializer.SerializeToUtf8Bytes(read, ContractsJson.Wire.JobEvent));
        Assert.Equal(JobEvent.SourcePrefix + read.Data.Source, read.Source);
        Assert.All(read.Data.Items, item => Assert.True(item.Command.Length + item.Outputs.Sum(output => output.Key?.Length ?? 0) >= 0));
    }

    private static void AssertRead(bool expected, string body)
    {
        Assert.Equal(expected, JobEvent.TryParse(Encoding.UTF8.GetBytes(body), out var read, out var reason));
        Assert.Equal(expected, read is not null);
        Assert.Equal(expected, reason is null);
    }

    private static (JsonNode Root, JsonNode Parent, string Name) Find(string path)
    {
        var root = JsonNode.Parse(Events.Full)!;
        var members = path.Split('/');
        return (root, members[..^1].Aggregate(root, Step), members[^1]);

        static JsonNode Step(JsonNode node, string member) => node is JsonArray list ? list[member[0] - '0']! : node[member]!;
    }

    private static IEnumerable<string> Paths(JsonNode node, string at) => node switch
    {
        JsonObject map => map.SelectMany(member => Paths(member.Value!, at + member.Key + "/").Prepend(at + member.Key)),
        JsonArray list => list.SelectMany((element, index) => Paths(element!, $"{at}{index}/")),
        _ => [],
    };
}
