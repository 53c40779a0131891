using System.Text;
using FopWatch.Providers;
using FopWatch.Publishing;

namespace FopWatch.Core.Tests.Publishing;

public class StoredEventTests
{
    private const string Whole =
        """{"specversion":"1.0","id":"a","source":"/s","type":"t","time":"2026-03-01T08:00:00Z","data":{"id":"z0.job"}}""";

    [Fact]
    public void An_event_of_this_version_is_published_as_stored()
    {
        var body = Encoding.UTF8.GetBytes(Whole);

        var (published, problem) = StoredEvent.Read(body, CommandRedaction.Version);

        Assert.Null(problem);
        Assert.Equal(body, published.ToArray());
    }

    [Fact]
    public void An_event_of_an_earlier_version_is_published_without_the_secrets_that_its_rules_left()
    {
        var body = Whole.Replace(
            "\"data\":{", "\"data\":{\"items\":[{\"command\":\"avthumb/m3u8/hlsKey/c2VjcmV0c2VjcmV0\"}],", StringComparison.Ordinal);

        var (published, problem) = StoredEvent.Read(Encoding.UTF8.GetBytes(body), 0);

        Assert.Null(problem);
        Assert.DoesNotContain("c2VjcmV0c2VjcmV0", Encoding.UTF8.GetString(published.Span), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"specversion\":\"1.0\",")]
    [InlineData("\"id\":\"a\",")]
    [InlineData("\"source\":\"/s\",")]
    [InlineData("\"type\":\"t\",")]
    [InlineData(",\"data\":{\"id\":\"z0.job\"}")]
    public void A_body_without_a_required_member_is_damaged(string member) => AssertDamaged(Whole.Replace(member, "", StringComparison.Ordinal));

    [Theory]
    [InlineData("\"1.0\"", "1")]
    [InlineData("\"a\"", "7")]
    [InlineData("\"/s\"", "null")]
    [InlineData("\"t\"", "{}")]
    [InlineData("{\"id\":\"z0.job\"}", "\"z0.job\"")]
    [InlineData("{\"id\":\"z0.job\"}", "[]")]
    public void A_body_with_members_of_other_kinds_is_damaged(string value, string other) => AssertDamaged(Whole.Replace(value, other, StringComparison.Ordinal));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"specversion\"")]
    [InlineData(Whole + "{}")]
    [InlineData(Whole + "x")]
    [InlineData("[" + Whole + "]")]
    public void A_body_that_is_not_a_single_object_is_damaged(string body) => AssertDamaged(body);

    [Fact]
    public void A_truncated_body_is_damaged()
    {
        for (var length = 0; length < Whole.Length; length++)
            AssertDamaged(Whole[..length]);
    }

    [Fact]
    public void Text_within_the_job_that_looks_like_a_member_does_not_count() =>
        AssertDamaged("""{"data":{"specversion":"1.0","id":"a","source":"/s","type":"t"}}""");

    [Theory]
    [InlineData("\"specversion\":\"1.0\"")]
    [InlineData("\"id\":\"a\"")]
    [InlineData("\"source\":\"/s\"")]
    [InlineData("\"type\":\"t\"")]
    [InlineData("\"data\":{\"id\":\"z0.job\"}")]
    public void A_duplicate_member_counts_as_present(string member)
    {
        var twice = Encoding.UTF8.GetBytes(Whole.Replace(member, $"{member},{member}", StringComparison.Ordinal));

        Assert.Null(StoredEvent.Read(twice, CommandRedaction.Version).Problem);
    }

    private static void AssertDamaged(string body)
    {
        Assert.NotEqual(Whole, body);
        Assert.Equal(StoredEvent.Damaged, StoredEvent.Read(Encoding.UTF8.GetBytes(body), CommandRedaction.Version).Problem);
        Assert.Equal(StoredEvent.Damaged, StoredEvent.Read(Encoding.UTF8.GetBytes(body), 0).Problem);
    }
}
