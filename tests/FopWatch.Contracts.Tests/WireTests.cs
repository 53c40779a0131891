using System.Text;
using System.Text.Json;

namespace FopWatch.Contracts.Tests;

/// <summary>The JSON of the contracts.</summary>
public class WireTests
{
    private static readonly JobRecord Record = JobEvent.Parse(Events.Full).Data;

    [Fact]
    public void Letters_are_not_escaped_except_where_JSON_requires_it()
    {
        var written = JsonSerializer.Serialize(Record with { Key = "课程/第 42 课 <é&'+>\u2028.mp4", Bucket = "\"\\\n\u0001" }, ContractsJson.Wire.JobRecord);

        Assert.Contains("\"key\":\"课程/第 42 课 <é&'+>", written, StringComparison.Ordinal);
        Assert.Contains("""
            "bucket":"\"\\\n\u0001"
            """, written, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', written);
    }

    [Fact]
    public void The_two_contexts_differ_in_nothing_else()
    {
        var some = JsonSerializer.SerializeToElement(Record, ContractsJson.Wire.JobRecord);
        var other = JsonSerializer.SerializeToElement(Record, ContractsJson.Default.JobRecord);

        Assert.Equal(some.GetRawText(), other.GetRawText());
    }

    [Fact]
    public void Every_enum_member_is_written_in_camelCase_and_read_in_any_case()
    {
        AssertRoundTrip<JobState>();
        AssertRoundTrip<ItemState>();
        AssertRoundTrip<SettledBy>();
        AssertRoundTrip<NotificationDelivery>();
        AssertRoundTrip<ProviderKind>();

        static void AssertRoundTrip<T>()
            where T : struct, Enum
        {
            var info = ContractsJson.Wire.GetTypeInfo(typeof(T))!;
            foreach (var member in Enum.GetValues<T>())
            {
                var written = JsonSerializer.Serialize(member, info);
                Assert.Equal($"\"{char.ToLowerInvariant(member.ToString()[0])}{member.ToString()[1..]}\"", written);
                Assert.Equal(member, JsonSerializer.Deserialize(written, info));
                Assert.Equal(member, JsonSerializer.Deserialize(written.ToUpperInvariant(), info));
                Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize($"{member:D}", info));
            }

            Assert.ThrowsAny<JsonException>(() => JsonSerializer.Serialize((T)(object)99, info));
        }
    }

    [Fact]
    public void An_enum_that_accepts_unknown_values_has_a_member_for_them()
    {
        Assert.Equal("Unknown", default(ItemState).ToString());
        Assert.Equal("Unknown", default(NotificationDelivery).ToString());
    }

    [Theory]
    [InlineData("2026-03-01T08:00:00Z")]
    [InlineData("2026-03-01T08:00:00.0000001Z")]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59.9999999Z")]
    public void A_time_survives_a_round_trip(string time)
    {
        var read = JobEvent.Parse(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Events.Full).Replace("2026-03-01T08:00:41.25Z", time, StringComparison.Ordinal)));

        Assert.Equal(TimeSpan.Zero, read.Time.Offset);
        Assert.Equal(time, JsonSerializer.SerializeToElement(read, ContractsJson.Wire.JobEvent).GetProperty("time").GetString());
    }

    [Fact]
    public void Wire_names_are_parsed_case_sensitively()
    {
        foreach (var state in Enum.GetValues<JobState>())
        {
            Assert.True(WireNames.TryParse<JobState>(WireNames.Of(state), out var parsed));
            Assert.Equal(state, parsed);
        }

        Assert.Equal(["waiting", "processing", "succeeded", "partiallyFailed", "failed", "cancelled", "expired"], WireNames.All<JobState>());
        Assert.All((string?[])["PartiallyFailed", "partiallyfailed", "1", "", null], name => Assert.False(WireNames.TryParse<JobState>(name, out _)));
    }
}
