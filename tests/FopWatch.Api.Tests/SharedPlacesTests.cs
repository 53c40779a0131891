namespace FopWatch.Api.Tests;

public class SharedPlacesTests
{
    private readonly SharedPlaces _places = new(16);

    [Fact]
    public void One_owner_gets_half_and_the_next_owner_half_of_the_rest()
    {
        Assert.Equal(8, TakeAll("a").Count);
        Assert.Equal(4, TakeAll("b").Count);
        Assert.Empty(TakeAll("a"));
        Assert.Equal(2, TakeAll("c").Count);
    }

    [Fact]
    public void Releasing_a_place_twice_frees_it_once()
    {
        var taken = TakeAll("a");
        Assert.True(_places.IsInUse);

        taken[0].Dispose();
        taken[0].Dispose();

        taken[0] = Assert.Single(TakeAll("a"));
        taken.ForEach(place => place.Dispose());
        Assert.False(_places.IsInUse);
        Assert.Equal(8, TakeAll("b").Count);
    }

    private List<IDisposable> TakeAll(string owner)
    {
        var taken = new List<IDisposable>();
        while (_places.TryTake(owner) is { } place)
            taken.Add(place);
        return taken;
    }
}
