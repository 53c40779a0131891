using FopWatch.Jobs;

namespace FopWatch.Core.Tests.Jobs;

public class JobReferencesTests
{
    private static readonly JobReferences References = new([.. Enumerable.Range(0, JobReferences.KeyLength).Select(i => (byte)i)]);

    [Fact]
    public void A_reference_is_the_start_of_an_HMAC_over_source_line_feed_and_id()
    {
        // printf 'media\nz0.a' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f
        Assert.Equal("78c5970ce62e93b6bc339778", References.Of(new("media", "z0.a")));
    }

    [Fact]
    public void References_differ_by_source_id_and_key()
    {
        JobKey[] keys = [new("media", "a"), new("media", "b"), new("other", "a"), new("media", "A"), new("mediaa", "")];
        var references = keys.Select(References.Of).Append(new JobReferences(JobReferences.NewKey()).Of(keys[0]));

        Assert.Distinct(references);
        Assert.All(references, reference => Assert.True(JobReferences.IsValid(reference)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0123456789abcdef0123456")]
    [InlineData("0123456789abcdef012345678")]
    [InlineData("0123456789ABCDEF01234567")]
    [InlineData("0123456789abcdef0123456g")]
    public void Text_in_another_form_is_not_a_reference(string? text) => Assert.False(JobReferences.IsValid(text));

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void A_key_of_another_length_is_refused(int length) => Assert.Throws<ArgumentException>(() => new JobReferences(new byte[length]));
}
