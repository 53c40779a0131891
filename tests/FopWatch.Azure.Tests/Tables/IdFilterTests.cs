using FopWatch.Azure.Tables;

namespace FopWatch.Azure.Tests.Tables;

public class IdFilterTests
{
    [Fact]
    public void Each_filter_finds_every_added_id_and_few_others_which_differ_by_filter()
    {
        const int Ids = 200_000;
        var mistaken = new List<HashSet<int>>();
        for (var i = 0; i < 2; i++)
        {
            var filter = new IdFilter();
            Assert.False(filter.MayContain("z0.0"));
            for (var id = 0; id < Ids; id++)
                filter.Add($"z0.{id}");
            Assert.All(Enumerable.Range(0, Ids).Where(id => id % 97 == 0), id => Assert.True(filter.MayContain($"z0.{id}")));
            mistaken.Add([.. Enumerable.Range(Ids, Ids).Where(id => filter.MayContain($"z0.{id}"))]);
        }

        // Computed: (1 - e^(-3 * 200,000 / 2^23))^3 = 0.03 %.
        Assert.All(mistaken, ids => Assert.InRange(ids.Count, 0, Ids / 1000));
        Assert.InRange(mistaken[0].Intersect(mistaken[1]).Count(), 0, 5);
    }
}
